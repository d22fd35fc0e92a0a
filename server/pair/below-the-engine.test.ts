import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const folder = resolve(import.meta.dirname, "../dhcp");

test("HA-3: of what answers DHCP the loop alone knows of the pair, and it knows the gate alone", () => {
  const sources = readdirSync(folder).filter((name) => /(?<!\.test|\.testing)\.ts$/.test(name));
  expect(sources).toEqual(expect.arrayContaining(["engine.ts", "listener.ts", "request.ts"]));
  const ofThePair = sources.flatMap((name) => {
    const text = readFileSync(resolve(folder, name), "utf8");
    const found = text.matchAll(/from "\.\.\/((?:ha|pair|lease\/etcd)\/[a-z-]+)\.ts"/g);
    return [...found].map(([, path]) => `${name}: ${path}`);
  });
  expect(ofThePair).toEqual(["listener.ts: pair/pair-gate", "listener.ts: pair/pair-plane"]);
});
