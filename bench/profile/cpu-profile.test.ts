import { describe, expect, test } from "vitest";
import { type CpuProfile, callTree } from "./cpu-profile.ts";

const frame = (functionName: string, url = "", lineNumber = 0) => ({
  functionName,
  url,
  lineNumber,
});

/** (root) calls turn, which calls receive and decide; a sample each 100 µs from 1,000 µs on. */
const profile: CpuProfile = {
  startTime: 1000,
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 5] },
    {
      id: 2,
      callFrame: frame("turn", "file:///x/dist/server/dhcp/listener.js", 9),
      children: [3, 4],
    },
    { id: 3, callFrame: frame("receive", "file:///x/dist/base/net/batch-socket.js") },
    { id: 4, callFrame: frame("", "node:fs") },
    { id: 5, callFrame: frame("(idle)") },
  ],
  samples: [3, 4, 4, 5, 2],
  timeDeltas: [0, 100, 100, 100, 100],
};

const always = { fromMicros: 0, toMicros: Number.POSITIVE_INFINITY };

describe("callTree", () => {
  test("gives a sample the time until the next one, and callers what they called", () => {
    const tree = callTree(profile, always);
    const [turn, idle] = tree.children;
    expect(turn).toMatchObject({ name: "turn", file: "server/dhcp/listener.js", line: 10 });
    expect(turn?.children.map(({ selfMicros }) => selfMicros)).toEqual([100, 200]);
    expect(turn).toMatchObject({ selfMicros: 0, totalMicros: 300 });
    expect(idle).toMatchObject({ name: "(idle)", totalMicros: 100 });
    expect(tree.totalMicros).toBe(400);
  });

  test("leaves out what lies outside the window", () => {
    const tree = callTree(profile, { fromMicros: 1100, toMicros: 1300 });
    expect(tree.totalMicros).toBe(200);
    expect(tree.children[0]?.children.map(({ selfMicros }) => selfMicros)).toEqual([0, 200]);
  });

  test("does not let the sampler's clock take time back", () => {
    const { samples } = profile;
    const stepped = { ...profile, samples, timeDeltas: [0, 100, -40, 140, 100] };
    expect(callTree(stepped, always).totalMicros).toBe(340);
  });

  test("names functions without a name, and keeps files that are not the package's", () => {
    const tree = callTree(profile, always);
    expect(tree.children[0]?.children[1]).toMatchObject({ name: "(anonymous)", file: "node:fs" });
  });

  test("refuses a profile without calls", () => {
    expect(() => callTree({ ...profile, nodes: [] }, always)).toThrow("no calls");
  });
});
