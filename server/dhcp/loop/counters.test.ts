import { expect, test } from "vitest";
import { dropReasons } from "../exchange/outcome.ts";
import { DhcpCounters } from "./counters.ts";

test("every drop reason of the engine has a counter from the start", () => {
  const names = Object.keys(new DhcpCounters().snapshot());
  for (const reason of dropReasons) expect(names).toContain(`dropped.${reason}`);
});

test("message types without a name are counted together", () => {
  const counters = new DhcpCounters();
  for (const type of [1, 13, 14, 200, 255]) counters.countReceived(type);
  expect(counters.snapshot()).toMatchObject({
    "received.discover": 1,
    "received.leaseactive": 1,
    "received.other": 3,
  });
});

test("the summary names what happened and nothing else", () => {
  const counters = new DhcpCounters();
  expect(counters.summary()).toBe("nothing received yet");
  counters.countReceived(1);
  counters.countRejected("bad-cookie");
  counters.countDropped("no-free-lease");
  expect(counters.summary()).toBe(
    "received.discover=1 rejected.bad-cookie=1 dropped.no-free-lease=1",
  );
});

test("reject codes are bounded, whatever they are", () => {
  const counters = new DhcpCounters();
  for (let code = 0; code < 1000; code += 1) counters.countRejected(`code-${code}`);
  expect(
    Object.keys(counters.snapshot()).filter((name) => name.startsWith("rejected.")),
  ).toHaveLength(64);
});
