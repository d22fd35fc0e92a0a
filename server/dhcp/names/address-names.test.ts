import { expect, test } from "vitest";
import type { Logger } from "../../../base/log.ts";
import { AddressNames } from "./address-names.ts";

const first = 0x0a09_0001;

/** Look-ups that end when the test says so. */
function bed() {
  const asked: string[] = [];
  const lines: string[] = [];
  const ends: ((name: string | undefined) => void)[] = [];
  const clock = { nowMs: 0 };
  const note = (line: string) => void lines.push(line);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const lookup = (address: string): Promise<string> => {
    asked.push(address);
    return new Promise((resolve, reject) =>
      ends.push((name) => (name === undefined ? reject(new Error("none")) : resolve(name))),
    );
  };
  const names = new AddressNames(logger, lookup, () => clock.nowMs);
  const end = async (name: string | undefined) => {
    ends.shift()?.(name);
    await new Promise((resume) => setImmediate(resume));
  };
  return { names, asked, lines, clock, end };
}

test("the first question goes without an answer, and is asked once", async () => {
  const { names, asked, end } = bed();
  expect([names.nameOf(first), names.nameOf(first)]).toEqual([undefined, undefined]);
  expect(asked).toEqual(["10.9.0.1"]);
  await end("one.example");
  expect(names.nameOf(first)).toBe("one.example");
  expect(asked).toHaveLength(1);
});

test("an answer is used for ten minutes, and then until there is another", async () => {
  const { names, asked, clock, end } = bed();
  names.nameOf(first);
  await end("one.example");
  clock.nowMs = 600_000;
  expect(names.nameOf(first)).toBe("one.example");
  expect(asked).toHaveLength(2);
  await end("two.example");
  expect(names.nameOf(first)).toBe("two.example");
});

test("no name is an answer too, and is told", async () => {
  const { names, asked, lines, end } = bed();
  names.nameOf(first);
  await end(undefined);
  expect(names.nameOf(first)).toBeUndefined();
  expect(asked).toHaveLength(1);
  expect(lines).toEqual(["No hostname for 10.9.0.1"]);
});

test("32 questions at a time", async () => {
  const { names, asked, end } = bed();
  for (let at = 0; at < 100; at += 1) names.nameOf(first + at);
  expect(asked).toHaveLength(32);
  await end("one.example");
  names.nameOf(first + 50);
  expect(asked).toHaveLength(33);
});
