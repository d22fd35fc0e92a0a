import { expect, test } from "vitest";
import type { Heartbeat } from "../../protocol/heartbeat/packet.ts";
import { HeartbeatSession } from "./heartbeat-session.ts";

const flags: Heartbeat["flags"] = {
  failureInProgress: false,
  isInSync: true,
  isAble: true,
  gatewayAnswers: true,
  dataPlaneTurns: true,
  storeWrites: true,
  isLeaving: false,
  diskWorks: true,
  filesInStep: true,
};

class Node {
  readonly session: HeartbeatSession;
  readonly name: string;
  readonly bootId: string;

  constructor(name: string, peerName: string, bootId: string) {
    this.name = name;
    this.bootId = bootId;
    this.session = new HeartbeatSession({ bootId, peerName, linkCount: 2, proofsMax: 4 });
  }

  says(link: number, nowMs: number): Heartbeat {
    const { name: node, bootId } = this;
    const times = { sentAtMs: nowMs, wallMs: nowMs, leaseMs: nowMs };
    const rest = { role: "standby", epoch: 0, revision: 0, flags, ...times } as const;
    return { node, bootId, link, ...rest, ...this.session.next(link, nowMs) };
  }
}

const bootA = "000000000000000a";
const bootB = "000000000000000b";
const pair = () => [new Node("a", "b", bootA), new Node("b", "a", bootB)] as const;

test("two nodes believe each other after three heartbeats", () => {
  const [a, b] = pair();
  expect(b.session.hear(a.says(0, 10), 0, 12)).toBe("unproven");
  expect(a.session.hear(b.says(0, 20), 0, 22)).toBeUndefined();
  expect(b.session.hear(a.says(0, 30), 0, 32)).toBeUndefined();
});

test("the round-trip time leaves out how long the peer held it", () => {
  const [a, b] = pair();
  b.session.hear(a.says(0, 1000), 0, 70_005);
  // The two clocks have nothing to do with each other.
  a.session.hear(b.says(0, 70_055), 0, 1060);
  expect(a.session.roundTripsMs).toEqual([10, undefined]);
});

test("HA-29: what was recorded is not believed again", () => {
  const [a, b] = pair();
  const first = a.says(0, 10);
  b.session.hear(first, 0, 10);
  a.session.hear(b.says(0, 20), 0, 20);
  const second = a.says(0, 30);
  expect(b.session.hear(second, 0, 30)).toBeUndefined();
  expect(b.session.hear(second, 0, 31)).toBe("replayed");
  expect(b.session.hear(first, 0, 32)).toBe("replayed");
  expect(b.session.hear(second, 1, 33)).toBe("link");

  // The peer starts again, and then somebody plays what its earlier boot said.
  const again = new Node("a", "b", "00000000000000aa");
  expect(b.session.hear(again.says(0, 1), 0, 40)).toBe("unproven");
  again.session.hear(b.says(0, 50), 0, 2);
  expect(b.session.hear(again.says(0, 3), 0, 60)).toBeUndefined();
  for (let beat = 0; beat < 4; beat += 1) b.says(0, 70);
  expect(b.session.hear(second, 0, 80)).toBe("unproven");

  // And we start again: it answers a boot of ours that is over.
  const fresh = new Node("b", "a", "00000000000000bb");
  for (let beat = 0; beat < 4; beat += 1) fresh.says(0, 90);
  expect(fresh.session.hear(second, 0, 100)).toBe("unproven");
});

test("an answer to a heartbeat of long ago, or to none of ours, proves nothing", () => {
  const [a, b] = pair();
  a.session.hear(b.says(0, 0), 0, 0);
  const answer = a.says(0, 10);
  for (let beat = 0; beat < 4; beat += 1) b.says(0, 20);
  expect(b.session.hear(answer, 0, 30)).toBe("unproven");
  const future = { ...answer, echo: { ...answer.echo!, sequence: 99 } };
  expect(b.session.hear({ ...future, sequence: 2 }, 0, 40)).toBe("unproven");
});

test("a third node is not the peer", () => {
  const [a, b] = pair();
  expect(b.session.hear({ ...a.says(0, 0), node: "c" }, 0, 0)).toBe("node");
});

test("HA-29: recordings of earlier boots, played after each heartbeat, keep nobody from being believed", () => {
  const recordings = Array.from({ length: 6 }, (_, boot) => {
    const old = new Node("a", "b", `00000000000000e${boot}`);
    const b = new Node("b", "a", "00000000000000b0");
    old.session.hear(b.says(0, 0), 0, 0);
    return old.says(0, 10);
  });
  const play = (to: Node, nowMs: number) => {
    for (const recording of recordings)
      expect(to.session.hear(recording, 0, nowMs)).toBe("unproven");
  };
  const [a, b] = pair();
  // Node b has just started, and node a is where it was, or has just started, too.
  const believed = { a: 0, b: 0 };
  for (let nowMs = 0; nowMs < 3000; nowMs += 100) {
    if (b.session.hear(a.says(0, nowMs), 0, nowMs) === undefined) believed.b += 1;
    play(b, nowMs + 1);
    if (a.session.hear(b.says(0, nowMs + 50), 0, nowMs + 50) === undefined) believed.a += 1;
  }
  expect(believed.a).toBeGreaterThan(22);
  expect(believed.b).toBeGreaterThan(22);
  // Node b starts again, while a goes on believing its earlier boot.
  const again = new Node("b", "a", "00000000000000bb");
  let heard = 0;
  for (let nowMs = 4000; nowMs < 7000; nowMs += 100) {
    if (again.session.hear(a.says(0, nowMs), 0, nowMs) === undefined) heard += 1;
    play(again, nowMs + 1);
    a.session.hear(again.says(0, nowMs + 50), 0, nowMs + 50);
  }
  expect(heard).toBeGreaterThan(20);
});
