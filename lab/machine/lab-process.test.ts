import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ToldToEnd } from "./lab-error.ts";
import { LabProcess, type LabProgram } from "./lab-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-lab-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let programs = 0;

function processOf(script: string, more: Partial<LabProgram> = {}) {
  programs += 1;
  const deaths: string[] = [];
  const program: LabProgram = {
    name: `program-${programs}`,
    command: ["sh", "-c", script],
    isReady: (log) => log.includes("ready"),
    ...more,
  };
  const process = new LabProcess(program, {
    ...{ folder, environment: { COLOUR: "blue" }, wrap: (command) => command },
    onDeath: (words) => deaths.push(words),
  });
  process.writeFiles();
  onTestFinished(() => process.kill());
  return { process, deaths };
}

/** State of a process in the kernel's words: `S` sleeping, `T` stopped. */
const stateOf = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "")[0];

describe.runIf(process.platform === "linux")("a program of the lab", () => {
  test("finds its files, its folder and its environment", async () => {
    const { process } = processOf(
      'cat secret && echo "$COLOUR $(ls)" && echo ready; exec sleep 60',
      {
        files: [{ path: "secret", text: "the key\n", mode: 0o600 }],
        folders: ["data"],
      },
    );
    process.launch();
    await process.ready(5000);
    const log = readFileSync(join(folder, `${process.program.name}.log`), "utf8");
    expect(log).toBe("the key\nblue data\nsecret\nready\n");
    expect(statSync(join(process.folder, "secret")).mode & 0o777).toBe(0o600);
  });

  test("is killed, and started again on what it left; readiness is that of the latest start", async () => {
    const script = "echo x >> starts; [ $(wc -l < starts) = 1 ] && echo ready; exec sleep 60";
    const { process, deaths } = processOf(script);
    process.launch();
    await process.ready(5000);
    await process.kill();
    expect(process.isRunning).toBe(false);
    process.launch();
    await expect(process.ready(100)).rejects.toThrow(/was not ready within 0.1 s/);
    expect(readFileSync(join(process.folder, "starts"), "utf8")).toBe("x\nx\n");
    expect(deaths).toEqual([]);
  });

  test("one that is ended while it comes up was told to, even when it is started again at once", async () => {
    const { process, deaths } = processOf("exec sleep 60");
    process.launch();
    const ended = expect(process.ready(5000)).rejects.toThrow(ToldToEnd);
    await process.kill();
    process.launch();
    await ended;
    expect(deaths).toEqual([]);
  });

  test("stands still, and goes on", async () => {
    const { process } = processOf("echo ready; exec sleep 60");
    process.launch();
    await process.ready(5000);
    process.pause();
    await expect.poll(() => stateOf(process.pid!)).toBe("T");
    expect(process.isPaused).toBe(true);
    process.resume();
    await expect.poll(() => stateOf(process.pid!)).toBe("S");
  });

  test("one that does not end in good order is ended, and that is told", async () => {
    const deaf = processOf("trap '' TERM; echo ready; while :; do sleep 0.1; done").process;
    const polite = processOf("echo ready; exec sleep 60").process;
    for (const process of [deaf, polite]) {
      process.launch();
      await process.ready(5000);
    }
    expect(await polite.stop(5000)).toBe(true);
    expect(await deaf.stop(200)).toBe(false);
    expect(deaf.isRunning).toBe(false);
  });

  test("one that ends by itself is told with its last words", async () => {
    const { process, deaths } = processOf("echo ready; echo no space left; exit 3");
    process.launch();
    await expect.poll(() => deaths).toHaveLength(1);
    expect(deaths[0]).toBe(
      `${process.program.name} ended by itself (exit status 3); it said:\nready\nno space left`,
    );
  });

  test("one that cannot be started is told before it is waited for long", async () => {
    const { process } = processOf("", { command: ["/nowhere/at-all"] });
    process.launch();
    await expect(process.ready(5000)).rejects.toThrow(/does not run.*nowhere/s);
  });
});
