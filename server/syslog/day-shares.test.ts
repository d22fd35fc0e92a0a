import { expect, test } from "vitest";
import { DayShares } from "./day-shares.ts";

/** So little that nothing is kept for single sources. */
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
    const shares = new DayShares(dayBytes);
    expect(flood(shares, sources)).toEqual(sources.map(() => each));
    expect(shares.take(lineBytes, [0], each)).toBe("share");
    expect(shares.take(lineBytes, [99], each)).toBe("kept");
  },
);

test("a full day refuses everybody, and a new one knows nobody", () => {
  const shares = new DayShares(dayBytes);
  flood(shares, [1]);
  expect(shares.take(lineBytes, [2], lineBytes - 1)).toBe("day-full");
  expect(shares.take(lineBytes, [1], 600)).toBe("share");
  shares.clear();
  expect(shares.take(lineBytes, [1], 600)).toBe("kept");
});

test("a line counts for each of its sources, and one of them can refuse it", () => {
  const shares = new DayShares(dayBytes);
  const relay = 7;
  expect(shares.take(400, [relay, 1], 1200)).toBe("kept");
  expect(shares.take(300, [relay, 2], 800)).toBe("kept");
  expect(shares.take(10, [relay, 3], 500)).toBe("share");
  expect(shares.take(10, [1], 500)).toBe("kept");
});

test("invented sources fill the table and then share one share; known ones keep theirs", () => {
  const shares = new DayShares(0, 2);
  expect(shares.take(lineBytes, [1], dayBytes)).toBe("kept");
  expect(shares.take(lineBytes, [2], dayBytes)).toBe("kept");
  expect(shares.take(600, [3], 1180)).toBe("kept");
  expect(shares.take(lineBytes, [4], 580)).toBe("share");
  expect(shares.take(lineBytes, [1], 580)).toBe("kept");
});

test("one device that floods through a relay leaves room to the others behind it", () => {
  const shares = new DayShares(dayBytes);
  const relay = 7;
  let used = 0;
  while (shares.take(lineBytes, [relay, 1], dayBytes - used) === "kept") used += lineBytes;
  expect(used).toBe(dayBytes / 3);
  expect(shares.take(lineBytes, [relay, 2], dayBytes - used)).toBe("kept");
});

test("what is kept for each source cannot be taken by any number of others", () => {
  const sourcesMax = 50;
  const ownBytes = 120;
  const day = 2 * sourcesMax * ownBytes;
  const shares = new DayShares(day, sourcesMax);
  let room = day;
  const send = (sources: readonly number[]) => {
    const outcome = shares.take(lineBytes, sources, room);
    if (outcome === "kept") room -= lineBytes;
    return outcome;
  };
  const linesOf = (sources: readonly number[]) => {
    let lines = 0;
    while (send(sources) === "kept") lines += 1;
    return lines;
  };
  // Each takes half of what is left of the first half, and what is its own.
  expect(linesOf([0])).toBe((ownBytes + day / 4) / lineBytes);
  for (let flooder = 1; flooder < 40; flooder += 1) linesOf([flooder]);
  expect(room).toBeLessThan(day / 2);
  for (let quiet = 40; quiet < 49; quiet += 1) expect(linesOf([quiet])).toBe(ownBytes / lineBytes);
  // A relay invents devices.
  let lines = 0;
  for (let device = 1000; device < 2000; device += 1) if (send([49, device]) === "kept") lines += 1;
  expect(lines).toBe(ownBytes / lineBytes);
  for (let stranger = 100; stranger < 200; stranger += 1) expect(send([stranger])).not.toBe("kept");
  shares.clear();
  room = day;
  expect(linesOf([0])).toBe((ownBytes + day / 4) / lineBytes);
});
