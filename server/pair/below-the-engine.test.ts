import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const folder = resolve(import.meta.dirname, "../dhcp");

test("HA-3: of what answers DHCP the loop alone knows of the pair, and it knows the gate alone", () => {
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.test|\.testing)\.ts$/.test(name),
  );
  expect(sources).toEqual(
    expect.arrayContaining(["decide/engine.ts", "loop/edge/listener.ts", "decide/request.ts"]),
  );
  const ofThePair = sources.flatMap((name) => {
    const text = readFileSync(resolve(folder, name), "utf8");
    const found = text.matchAll(
      /from "(?:\.\.\/)+((?:ha|mandate|pair|lease\/replicated)\/[a-z-]+)\.ts"/g,
    );
    return [...found].map(([, path]) => `${name}: ${path}`);
  });
  expect(ofThePair).toEqual([
    "loop/edge/listener.ts: pair/pair-gate",
    "loop/edge/listener.ts: pair/pair-plane",
  ]);
});
