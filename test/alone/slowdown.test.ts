import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";

const hook = fileURLToPath(new URL("../../bench/against/slowdown.mjs", import.meta.url));

/** A listener whose turns know what processor time they need themselves. */
const listener = `
export const cpuMicros = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
export class DhcpListener {
  ownMicros = 0;
  turn() {
    const from = cpuMicros();
    while (cpuMicros() < from + 2000);
    this.ownMicros += cpuMicros() - from;
    return 1;
  }
}`;

const program = `
import { cpuMicros, DhcpListener } from "./server/dhcp/loop/edge/listener.js";
const listener = new DhcpListener();
listener.turn();
listener.ownMicros = 0;
const from = cpuMicros();
for (let turn = 0; turn < 100; turn += 1) listener.turn();
console.log((cpuMicros() - from) / listener.ownMicros);`;

test("burns as much more processor time as it is told", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-slowdown-"));
  try {
    mkdirSync(join(folder, "server", "dhcp", "loop", "edge"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(join(folder, "server", "dhcp", "loop", "edge", "listener.js"), listener);
    writeFileSync(join(folder, "main.js"), program);
    const ratioOnce = (percent: number): number =>
      Number(
        execFileSync(process.execPath, ["--import", hook, join(folder, "main.js")], {
          encoding: "utf8",
          env: {
            ...process.env,
            PROVLAB_SLOWDOWN_PERCENT: String(percent),
            PROVLAB_SLOWDOWN_DIST: pathToFileURL(`${folder}/`).href,
          },
        }),
      );
    // Between turns the loop itself costs a little, and more beside another program: the best of three tells.
    const ratioAt = (percent: number): number =>
      Math.min(...[1, 2, 3].map(() => ratioOnce(percent)));
    const [half, twentieth] = [ratioAt(50), ratioAt(5)];
    expect([half > 1.47, half < 1.56], `${half}`).toEqual([true, true]);
    expect([twentieth > 1.04, twentieth < 1.08], `${twentieth}`).toEqual([true, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
