import { workerData } from "node:worker_threads";
import { wakeBy } from "../../../../base/net/wake-by.ts";
import { EtcdClient } from "../../../etcd/edge/etcd-client.ts";
import { pairKeys } from "../../../etcd/pair-keys.ts";
import {
  CommitWord,
  type PairNotice,
  type PairRequest,
  PairThreadMemory,
  PairWord,
} from "../pair-messages.ts";
import { PairCommits } from "./pair-commits.ts";
import { PairFollow } from "./pair-follow.ts";
import type { PairThreadData } from "./pair-thread.ts";

// The thread that talks to etcd on behalf of the loop: it follows the pair's keys, and commits what the
// loop asks for. It ends with the process or by `terminate`.

const data = workerData as PairThreadData;
const { port } = data;
const shared = new PairThreadMemory(data.shared);
const { words } = shared;
const keys = pairKeys(data.prefix);
const { endpoints, tls, attemptMsMin, commitMsMax } = data;
const newClient = (): EtcdClient =>
  new EtcdClient({ endpoints, tls, attemptMsMin, attemptMsMax: commitMsMax });

function wakeLoop(): void {
  if (data.wakeEnd !== undefined) wakeBy(data.wakeEnd);
}

/** Trouble that lasts is reported once. */
let latestTrouble = "";

function post(notice: PairNotice): void {
  const trouble = notice.kind === "trouble" ? notice.text : "";
  if (trouble !== "" && trouble === latestTrouble) return;
  latestTrouble = trouble;
  port.postMessage(notice);
  Atomics.add(words, PairWord.posted, 1);
  Atomics.notify(words, PairWord.posted);
  wakeLoop();
}

function answer(word: number): void {
  Atomics.store(words, PairWord.commit, word);
  Atomics.notify(words, PairWord.commit);
  wakeLoop();
}

const commits = new PairCommits({
  // Its own connection, so that data for a standby does not delay a commit.
  client: newClient(),
  keys,
  commitMsMax,
  post,
  onProgress: () => void Atomics.add(words, PairWord.progress, 1),
});
const follow = new PairFollow({
  client: newClient(),
  keys,
  probeMs: data.probeMs,
  post,
});
setInterval(() => void commits.keepReady(), data.probeMs);

async function serve(request: PairRequest): Promise<void> {
  switch (request.kind) {
    case "lead":
      commits.lead(request.term);
      follow.endAt(request.term);
      break;
    case "commit": {
      const outcome = await commits.commit(request.batch, request.lengthBytes);
      shared.committedRevision = commits.revision;
      answer(CommitWord[outcome]);
      break;
    }
    case "taken":
      follow.taken(request.lengthBytes);
      break;
  }
}

port.on("message", (request: PairRequest) => void serve(request));
void follow.run();
