// The `client:` handle that the reference classes ask for, over the `mqtt` package: `transmit`,
// `subscribe` with a callback, `unsubscribe`, `disconnect`, `isConnected`, and nothing else.

import mqtt from "mqtt";

/** Connects as `clientId` and `username`; fails on the first refusal instead of trying again. */
export async function connect({ url, clientId, username, password, will }) {
  const client = await mqtt.connectAsync(url, {
    protocolVersion: 5,
    clientId,
    username,
    password,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 5000,
    will,
  }, false);
  client.on("error", (error) => console.error(`mqtt: ${error.message}`));
  const routes = new Map();
  client.on("message", (topic, payload, packet) => {
    for (const [filter, callback] of routes) {
      if (matches(withoutShare(filter), topic)) callback(topic, payload, packet);
    }
  });

  return {
    async transmit(topic, message, { qos = 0, retain = false, properties } = {}) {
      const bytes = properties?.correlationData;
      await client.publishAsync(topic, message, {
        qos,
        retain,
        properties: bytes ? { ...properties, correlationData: Buffer.from(bytes) } : properties,
      });
    },
    async subscribe(filter, { qos = 0, callback } = {}) {
      // First the route: a retained message may arrive together with the SUBACK.
      if (callback) routes.set(filter, callback);
      return client.subscribeAsync(filter, { qos });
    },
    async unsubscribe(filter) {
      routes.delete(filter);
      return client.unsubscribeAsync(filter);
    },
    async disconnect(force = false) {
      await client.endAsync(force);
    },
    isConnected: () => client.connected,
  };
}

function withoutShare(filter) {
  return filter.startsWith("$share/") ? filter.split("/").slice(2).join("/") : filter;
}

function matches(filter, topic) {
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [at, level] of wanted.entries()) {
    if (level === "#") return true;
    if (at >= levels.length || (level !== "+" && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}
