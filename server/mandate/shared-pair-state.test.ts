import { expect, test } from "vitest";
import { SharedPairState } from "./shared-pair-state.ts";

/** The same memory as the other thread sees it. */
function bothEnds(): { decides: SharedPairState; serves: SharedPairState } {
  const decides = new SharedPairState();
  return { decides, serves: new SharedPairState(decides.shared) };
}

test("a mandate crosses whole, with a revision beyond 32 bits, and can be taken back", () => {
  const { decides, serves } = bothEnds();
  expect(serves.mandate).toBeUndefined();
  decides.mandate = { epoch: 4, term: 2 ** 40 + 3 };
  expect(serves.mandate).toEqual({ epoch: 4, term: 2 ** 40 + 3 });
  decides.mandate = undefined;
  expect(serves.mandate).toBeUndefined();
});

test("what the data plane tells of itself", () => {
  const { decides, serves } = bothEnds();
  expect(decides).toMatchObject({ answeringEpoch: 0, isInSync: false, revision: 0 });
  serves.answeringEpoch = 7;
  serves.tellFollowed(true, 2 ** 33);
  expect(decides).toMatchObject({ answeringEpoch: 7, isInSync: true, revision: 2 ** 33 });
});

test("files are in step until a mirror says that they are not", () => {
  const { decides, serves } = bothEnds();
  expect(decides.filesInStep).toBe(true);
  for (const isInStep of [false, true, false]) {
    serves.tellMirrored(isInStep);
    expect(decides.filesInStep).toBe(isInStep);
  }
});

test("the base of the time of leases crosses whole", () => {
  const { decides, serves } = bothEnds();
  for (const baseMs of [1_800_000_000_123.4, -5]) {
    decides.leaseBaseMs = baseMs;
    expect(serves.leaseBaseMs).toBe(Math.round(baseMs));
  }
});

test("only the latest suspicion can be confirmed", () => {
  const { decides, serves } = bothEnds();
  expect(serves.isSuspect).toBe(false);
  serves.suspect();
  const { suspicion } = decides;
  serves.suspect();
  decides.confirm(suspicion);
  expect(serves.isSuspect).toBe(true);
  decides.confirm(decides.suspicion);
  expect(serves.isSuspect).toBe(false);
});

test("a new mandate makes an old suspicion void", () => {
  const { serves } = bothEnds();
  serves.suspect();
  serves.forgetSuspicion();
  expect(serves.isSuspect).toBe(false);
});

test("the wake end is used while it is offered, and withdrawn only when nobody uses it", () => {
  const { decides, serves } = bothEnds();
  const written: number[] = [];
  const write = (descriptor: number): void => void written.push(descriptor);
  decides.withWakeEnd(write);
  serves.offerWakeEnd(17);
  decides.withWakeEnd((descriptor) => {
    write(descriptor);
    // One that is in use is not given twice.
    decides.withWakeEnd(write);
  });
  decides.withWakeEnd(write);
  serves.withdrawWakeEnd();
  decides.withWakeEnd(write);
  expect(written).toEqual([17, 17]);
});

test("a thread that died over its write does not keep the wake end for ever", () => {
  const { decides, serves } = bothEnds();
  const written: number[] = [];
  serves.offerWakeEnd(17);
  decides.withWakeEnd(() => {
    serves.withdrawWakeEnd();
    written.push(17);
  });
  decides.withWakeEnd((descriptor) => written.push(descriptor));
  expect(written).toEqual([17]);
});
