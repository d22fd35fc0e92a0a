import { describe, expect, test } from "vitest";
import { runToEnd } from "./run-to-end.ts";

const { signal } = new AbortController();
const script = (text: string): string[] => [process.execPath, "-e", text];
const endless = "setInterval(() => {}, 1000)";

describe("a program that is run to its end", () => {
  test("tells its status and what it said on both streams", async () => {
    const text = 'console.log(process.env.COLOUR); console.error("oh"); process.exitCode = 3';
    const end = await runToEnd(script(text), {
      ...{ signal, msMax: 20_000, environment: { COLOUR: "blue" } },
    });
    expect(end).toMatchObject({ status: 3, isOver: false });
    expect(end.output.split("\n").toSorted()).toEqual(["", "blue", "oh"]);
  });

  test("is ended when its time is up, whether it hears SIGTERM or not", async () => {
    const polite = `process.on("SIGTERM", () => process.exit(4)); console.log("up"); ${endless}`;
    const deaf = `process.on("SIGTERM", () => {}); ${endless}`;
    const ends = await Promise.all([
      runToEnd(script(polite), { signal, msMax: 3000, stopMsMax: 20_000 }),
      runToEnd(script(deaf), { signal, msMax: 3000, stopMsMax: 100 }),
    ]);
    expect(ends.map(({ status, isOver }) => [status, isOver])).toEqual([
      [4, true],
      [null, true],
    ]);
  });

  test("is watched while it runs", async () => {
    const pids = new Set<number>();
    const watch = { everyMs: 5, look: (pid: number) => pids.add(pid) };
    await runToEnd(script("setTimeout(() => {}, 200)"), { signal, msMax: 20_000, watch });
    expect(pids.size).toBe(1);
  });

  test("rejects when it is not there, and when it is interrupted", async () => {
    await expect(runToEnd(["/no/program"], { signal, msMax: 1000 })).rejects.toThrow(/ENOENT/);
    const stop = AbortSignal.timeout(200);
    await expect(runToEnd(script(endless), { signal: stop, msMax: 20_000 })).rejects.toThrow(
      /timeout/i,
    );
  });
});
