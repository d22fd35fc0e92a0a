import { expect, test } from "vitest";
import { PairWords } from "./pair-words.ts";

/** The same memory as the other thread sees it. */
function bothEnds(): { decides: PairWords; serves: PairWords } {
  const decides = new PairWords();
  return { decides, serves: new PairWords(decides.shared) };
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
