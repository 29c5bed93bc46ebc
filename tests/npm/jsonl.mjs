// How a test speaks with these scripts: the settings are the first argument, as JSON; then each line on
// standard input is a command `{"id", "do", …}`, and each line on standard output its answer
// `{"id", "ok": true, …}` or `{"id", "ok": false, "error"}`. Everything else goes to standard error.

import { createInterface } from "node:readline";

export const settings = JSON.parse(process.argv[2] ?? "{}");

/** A logger as the reference classes want it. */
export const logger = Object.fromEntries(
  ["info", "warn", "error"].map((level) => [
    level,
    (message, data) => console.error(`${level}: ${message} ${data ? JSON.stringify(data) : ""}`),
  ]),
);

/** Says `{"ready": true}` and answers commands until standard input ends or `stop` is answered. */
export async function answer(commands) {
  // The reference client leaves a rejected promise behind when a publish is refused.
  process.on("unhandledRejection", (error) => console.error(`unhandled rejection: ${error?.message}`));
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    try {
      const run = commands[command.do];
      if (!run) throw new Error(`no command \`${command.do}\`; there are ${Object.keys(commands).join(", ")}`);
      say({ id: command.id, ok: true, ...(await run(command)) });
    } catch (error) {
      say({ id: command.id, ok: false, error: error.message, ...error.details });
    }
    if (command.do === "stop") break;
  }
  process.exit(0);
}

function say(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
