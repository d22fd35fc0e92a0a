import { expect, onTestFinished, test } from "vitest";
import { LeaseBatch } from "../lease-batch.ts";
import { CommitWord } from "../pair-messages.ts";
import { PairThread } from "./pair-thread.ts";

/** A thread that answers each commit with the same word. */
function threadThatAnswers(word: number): PairThread {
  const code = `
    import { workerData } from "node:worker_threads";
    const words = new Int32Array(workerData.shared);
    workerData.port.on("message", () => {
      Atomics.store(words, 0, ${word});
      Atomics.notify(words, 0);
    });`;
  const thread = new PairThread(
    { endpoints: [], prefix: "/p/", commitMsMax: 10_000, attemptMsMin: 1, probeMs: 1 },
    (reason) => expect.fail(reason),
    new URL(`data:text/javascript,${encodeURIComponent(code)}`),
  );
  onTestFinished(() => thread.stop());
  return thread;
}

test.each([
  ["durable", CommitWord.durable, "durable"],
  ["fenced", CommitWord.fenced, "fenced"],
  ["unavailable", CommitWord.unavailable, "unavailable"],
  ["nothing", CommitWord.idle, "unavailable"],
  ["a word that nobody knows", 5, "unavailable"],
  ["a negative one", -2, "unavailable"],
] as const)(
  "a thread that answers %s: only the word for it makes a commit durable",
  async (_, word, end) => {
    const thread = threadThatAnswers(word);
    thread.beginCommit(new LeaseBatch());
    await expect.poll(() => thread.endCommit(0), { timeout: 10_000 }).toBe(end);
  },
);
