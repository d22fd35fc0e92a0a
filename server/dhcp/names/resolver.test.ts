import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nullLogger } from "../../../base/log.ts";
import { HostNameResolver } from "./resolver.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("CONF-13: names are resolved at start and every minute; an answer outlives a failure", async () => {
  const answers: (readonly number[] | undefined)[] = [[1], [2], undefined, undefined, [3]];
  const warnings: string[] = [];
  const logger = { ...nullLogger, warn: (text: string) => void warnings.push(text) };
  const resolver = new HostNameResolver(["dns.example.com"], logger, async () => {
    const answer = answers.shift();
    if (answer === undefined) throw new Error("SERVFAIL");
    return answer;
  });
  expect(resolver.resolve("dns.example.com")).toBeUndefined();
  await resolver.start();
  expect(resolver.resolve("dns.example.com")).toEqual([1]);
  for (const expected of [[2], [2], [2], [3]]) {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(resolver.resolve("dns.example.com")).toEqual(expected);
  }
  expect(warnings).toEqual([
    "dns.example.com: no address (SERVFAIL); its last addresses stay in use.",
  ]);
  resolver.stop();
});

test("a start does not wait for a name server that is silent", async () => {
  const silence = (): Promise<never> => new Promise(() => undefined);
  const resolver = new HostNameResolver(["slow.example.com"], nullLogger, silence);
  const started = resolver.start();
  await vi.advanceTimersByTimeAsync(2_000);
  await started;
  expect(resolver.resolve("slow.example.com")).toBeUndefined();
  resolver.stop();
});
