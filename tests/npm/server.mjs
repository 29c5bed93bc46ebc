// The reference server with three tools. Settings: `url`, `clientId`, `name`, `namespace`, `username`,
// `password`.
//
// Commands: `seen` -> {calls: [{tool, client, arguments}]}; `stop`.

import { MCPServer, buildTopics, defineTool } from "@cloudsignal/mcp-over-mqtt";
import { connect } from "./handle.mjs";
import { answer, logger, settings } from "./jsonl.mjs";

const calls = [];
const recorded = (tool) =>
  defineTool({
    ...tool,
    handler: (args, ctx) => {
      calls.push({ tool: tool.name, client: ctx.client, arguments: args });
      return tool.handler(args, ctx);
    },
  });

const integers = (...names) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "integer" }])),
  required: names,
  additionalProperties: false,
});

const tools = [
  recorded({
    name: "add",
    description: "Adds two integers",
    version: "1.2.3",
    input_schema: integers("a", "b"),
    output_schema: { type: "object", properties: { sum: { type: "integer" } } },
    handler: async ({ a, b }) => ({ sum: a + b }),
  }),
  recorded({
    name: "count_to",
    description: "Counts to n, reporting each step",
    input_schema: integers("n"),
    supports_streaming: true,
    handler: async ({ n }, ctx) => {
      await ctx.stream("counting");
      for (let at = 1; at <= n; at += 1) await ctx.stream({ at });
      return n;
    },
  }),
  recorded({
    name: "fail",
    description: "Always fails",
    input_schema: integers(),
    handler: async () => {
      throw new Error("the tank is empty");
    },
  }),
];

const { name, namespace } = settings;
const offline = { version: "1", server: name, namespace, tools: tools.map((tool) => tool.name), status: "offline" };
const handle = await connect({
  ...settings,
  will: {
    topic: buildTopics(namespace).serverCard(name),
    payload: JSON.stringify({ ...offline, last_seen: new Date().toISOString() }),
    qos: 1,
    retain: true,
  },
});
const server = new MCPServer({ ...settings, broker: settings.url, tools, client: handle, logger });

// The reference waits for up to three seconds before it starts; without chance it does not.
const { random } = Math;
Math.random = () => 0;
await server.start();
Math.random = random;

await answer({
  seen: async () => ({ calls }),

  async stop() {
    await server.stop();
    await handle.disconnect();
  },
});
