import { expect, test } from "vitest";
import { shrink } from "./shrink.ts";

const failsWith =
  (...needed: readonly string[]) =>
  async (fewer: readonly string[]): Promise<boolean> =>
    needed.every((each) => fewer.includes(each));

test("what the failure does not need is left out", async () => {
  expect(await shrink(["a", "b", "c", "d"], 10, failsWith("b", "d"))).toEqual(["b", "d"]);
  expect(await shrink(["a", "b", "c"], 10, failsWith("c"))).toEqual(["c"]);
  expect(await shrink(["a", "b"], 10, failsWith("a", "b"))).toEqual(["a", "b"]);
});

test("it ends after so many tries, with the smallest list that failed so far", async () => {
  let tries = 0;
  const found = await shrink(["a", "b", "c", "d"], 2, async (fewer) => {
    tries += 1;
    return fewer.includes("d");
  });
  expect(tries).toBe(2);
  expect(found).toEqual(["c", "d"]);
});

test("a single fault is not tried without", async () => {
  expect(await shrink(["a"], 10, () => Promise.reject(new Error("tried")))).toEqual(["a"]);
});
