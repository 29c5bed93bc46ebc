// The reference client. Settings: `url`, `clientId`, `namespace`, `username`, `password`.
//
// Commands: `call` {tool, arguments, stream, timeoutMs} -> {result, partials}; `card` {tool} -> {card};
// `cards` {of: "servers" | "tools"} -> {cards}; `stop`.

import { MCPClient } from "@cloudsignal/mcp-over-mqtt";
import { connect } from "./handle.mjs";
import { answer, logger, settings } from "./jsonl.mjs";

const handle = await connect(settings);
const client = new MCPClient({ ...settings, broker: settings.url, client: handle, logger });
await client.start();

await answer({
  async call({ tool, arguments: args = {}, stream = false, timeoutMs = 10_000 }) {
    const partials = [];
    const onStream = stream ? (content) => partials.push(content) : undefined;
    try {
      return { result: await client.call(tool, args, { timeoutMs, onStream }), partials };
    } catch (error) {
      error.details = { partials };
      throw error;
    }
  },

  async card({ tool }) {
    return { card: await client.getToolCard(tool) };
  },

  // The reference has no listing of its own; its specification says which filters to subscribe to. The
  // retained cards come before the acknowledgement of a later request on the same connection.
  async cards({ of }) {
    const filter = of === "servers" ? client.topics.serverCardWildcard() : client.topics.toolCardWildcard();
    const cards = [];
    await handle.subscribe(filter, { qos: 0, callback: (_topic, payload) => cards.push(JSON.parse(payload)) });
    await handle.unsubscribe(`${filter}/fence`);
    await handle.unsubscribe(filter);
    return { cards };
  },

  async stop() {
    await client.stop();
    await handle.disconnect();
  },
});
