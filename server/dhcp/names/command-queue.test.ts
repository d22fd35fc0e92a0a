import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CommandQueue, type CommandQueueOptions } from "./command-queue.ts";

const directory = mkdtempSync(join(tmpdir(), "provlab-commands-"));
afterAll(() => rmSync(directory, { recursive: true }));

function queueOf(options: Partial<CommandQueueOptions> = {}) {
  const errors: string[] = [];
  let failed = 0;
  const queue = new CommandQueue({
    onTrouble: ({ commands, message }) => {
      failed += commands;
      if (message !== undefined) errors.push(message);
    },
    nowMs: () => 0,
    ...options,
  });
  return { queue, errors, failed: () => failed };
}

const append = (file: string, text: string): string[] => [
  ...["/bin/sh", "-c", 'printf %s "$2" >> "$1"', "sh", join(directory, file), text],
];

describe("commands of execute statements", () => {
  test("get their words as they are, without a shell", async () => {
    const { queue, errors } = queueOf();
    queue.run(append("words", "$HOME; `x` \u00c3\u00bc\0 cut"));
    await queue.idle();
    expect(readFileSync(join(directory, "words"), "utf8")).toBe("$HOME; `x` ü");
    expect(errors).toEqual([]);
  });

  test("run one after another when they may not run at once", async () => {
    const { queue } = queueOf({ runningMax: 1 });
    for (const text of ["a", "b", "c"]) queue.run(append("order", text));
    await queue.idle();
    expect(readFileSync(join(directory, "order"), "utf8")).toBe("abc");
  });

  test.each([
    [["/bin/false"], "execute: /bin/false exit status 1"],
    [
      ["/no/such/program"],
      "execute: /no/such/program cannot be run: spawn /no/such/program ENOENT",
    ],
    [["/bin/sh", "-c", "kill -TERM $$"], "execute: /bin/sh ended by SIGTERM"],
  ])("%j is told", async (words, message) => {
    const { queue, errors, failed } = queueOf();
    queue.run(words);
    await queue.idle();
    expect(errors).toEqual([message]);
    expect(failed()).toBe(1);
  });

  test.each([
    ["no name", [""]],
    ["more arguments than the system takes", ["/bin/true", "x".repeat(1 << 20)]],
  ])("that cannot even be tried (%s) do not stop those after them", async (_, words) => {
    const { queue, errors, failed } = queueOf({ runningMax: 1 });
    queue.run(words);
    queue.run(append("after", "run"));
    await queue.idle();
    expect(readFileSync(join(directory, "after"), "latin1")).toMatch(/run$/);
    expect(errors).toEqual([expect.stringMatching(/^execute: .* cannot be run: /)]);
    expect(failed()).toBe(1);
  });

  test("that hang and belong to another user keep their place, and nothing waits for them", async () => {
    let processId = 0;
    const { queue, errors, failed } = queueOf({
      runningMax: 1,
      commandMsMax: 100,
      kill: (id) => {
        processId = id;
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      },
    });
    queue.run(["/bin/sleep", "600"]);
    queue.run(["/bin/true"]);
    await queue.idle();
    expect(errors).toEqual([
      "execute: /bin/sleep runs for 0.1 s and cannot be ended (EPERM); it keeps one of 1 places.",
      "execute: 1 command is not run: all places are taken.",
    ]);
    expect(failed()).toBe(2);
    process.kill(processId, "SIGKILL");
  });

  test("that hang are ended, with all that they started", async () => {
    const { queue, errors } = queueOf({ commandMsMax: 100 });
    queue.run(["/bin/sh", "-c", "sleep 600 & wait"]);
    await queue.idle();
    expect(errors).toEqual(["execute: /bin/sh ended after 0.1 s: it took too long."]);
  });

  test("that come too fast are not run, which is told once in a while", async () => {
    let nowMs = 0;
    const { queue, errors, failed } = queueOf({
      ...{ runningMax: 1, waitingMax: 1, nowMs: () => nowMs },
    });
    for (let count = 0; count < 5; count += 1) queue.run(["/bin/true"]);
    nowMs = 10_000;
    queue.run(["/bin/true"]);
    await queue.idle();
    expect(errors).toEqual([
      "execute: too many commands wait: 1 command is not run.",
      "execute: too many commands wait: 3 commands are not run.",
    ]);
    expect(failed()).toBe(4);
  });
});
