import { expect, test } from "vitest";
import { DayShares } from "./day-shares.ts";

const dayBytes = 1200;
const lineBytes = 10;

/** Sources that send in turn until all are refused: the bytes of each. */
function flood(shares: DayShares, sources: readonly number[], usedBytes = 0): number[] {
  const bytes = sources.map(() => 0);
  let used = usedBytes;
  for (let sent = 0; sent < dayBytes; sent += 1) {
    const at = sent % sources.length;
    if (shares.take(lineBytes, [sources[at]], dayBytes - used) !== "kept") continue;
    used += lineBytes;
    bytes[at] += lineBytes;
  }
  return bytes;
}

test.each([
  [1, 600],
  [2, 400],
  [3, 300],
  [11, 100],
])(
  "of %i sources that flood, each has %i of 1,200 bytes, and the same is left for others",
  (count, each) => {
    const sources = Array.from({ length: count }, (_, source) => source);
    const shares = new DayShares();
    expect(flood(shares, sources)).toEqual(sources.map(() => each));
    expect(shares.take(lineBytes, [0], each)).toBe("share");
    expect(shares.take(lineBytes, [99], each)).toBe("kept");
  },
);

test("a full day refuses everybody, and a new one knows nobody", () => {
  const shares = new DayShares();
  flood(shares, [1]);
  expect(shares.take(lineBytes, [2], lineBytes - 1)).toBe("day-full");
  expect(shares.take(lineBytes, [1], 600)).toBe("share");
  shares.clear();
  expect(shares.take(lineBytes, [1], 600)).toBe("kept");
});

test("a line counts for each of its sources, and one of them can refuse it", () => {
  const shares = new DayShares();
  const relay = 7;
  expect(shares.take(400, [relay, 1], 1200)).toBe("kept");
  expect(shares.take(300, [relay, 2], 800)).toBe("kept");
  expect(shares.take(10, [relay, 3], 500)).toBe("share");
  expect(shares.take(10, [1], 500)).toBe("kept");
});

test("invented sources fill the table and then share one share; known ones keep theirs", () => {
  const shares = new DayShares(2);
  expect(shares.take(lineBytes, [1], dayBytes)).toBe("kept");
  expect(shares.take(lineBytes, [2], dayBytes)).toBe("kept");
  expect(shares.take(600, [3], 1180)).toBe("kept");
  expect(shares.take(lineBytes, [4], 580)).toBe("share");
  expect(shares.take(lineBytes, [1], 580)).toBe("kept");
});

test("one device that floods through a relay leaves room to the others behind it", () => {
  const shares = new DayShares();
  const relay = 7;
  let used = 0;
  while (shares.take(lineBytes, [relay, 1], dayBytes - used) === "kept") used += lineBytes;
  expect(used).toBe(dayBytes / 3);
  expect(shares.take(lineBytes, [relay, 2], dayBytes - used)).toBe("kept");
});
