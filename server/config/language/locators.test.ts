import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configOf, contextOf } from "../grammar/config.testing.ts";
import { classify } from "../model/evaluate.ts";
import { sameValue } from "../text/bytes.ts";
import { ByteSpan } from "./byte-span.ts";
import type { EvaluationContext } from "./program.ts";

const number = fc.integer({ min: -2, max: 9 });
const source = fc.constantFrom(
  ...['"ab"', "00:61:62", '""', "hardware", "null", "option vendor-class-identifier"],
  ...["option host-name", "option dhcp-client-identifier", "option agent.circuit-id"],
  ...["option agent.remote-id", "option user-class", "packet (28, 3)", "lcase (option host-name)"],
);
const { data: expression } = fc.letrec<{ data: string }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 3 },
    source,
    fc
      .tuple(tie("data"), number, number)
      .map(([of, from, to]) => `substring (${of}, ${from}, ${to})`),
    fc.tuple(tie("data"), number).map(([of, count]) => `suffix (${of}, ${count})`),
    fc.tuple(fc.constantFrom("lcase", "ucase"), tie("data")).map(([name, of]) => `${name} (${of})`),
    fc
      .tuple(fc.integer({ min: 1, max: 17 }), fc.constantFrom(8, 16, 32), source, tie("data"))
      .map(([base, bits, between, of]) => `binary-to-ascii (${base}, ${bits}, ${between}, ${of})`),
    fc
      .tuple(fc.constantFrom("concat", "pick-first-value"), tie("data"), tie("data"))
      .map(([name, first, second]) => `${name} (${first}, ${second})`),
  ),
}));

const text = fc.constantFrom("", "a", "ab", "ab\0", "AB\0\0", "b".repeat(300));
const bytes = fc.uint8Array({ maxLength: 4 });
const subOption = fc.tuple(fc.constantFrom(1, 2, 9), bytes);
const relayAgent = fc
  .array(subOption, { minLength: 1, maxLength: 3 })
  .map((list) => Uint8Array.from(list.flatMap(([code, value]) => [code, value.length, ...value])));
const context = fc
  .record(
    {
      mac: fc.constantFrom("61:62:00:00:00:01", "00:61:62:00:00:ff"),
      options: fc.record(
        { 12: text, 60: text, 61: bytes, 77: bytes, 82: relayAgent },
        { requiredKeys: [] },
      ),
      ofLease: fc.option(bytes, { nil: undefined }),
      withoutPacket: fc.boolean(),
    },
    { requiredKeys: ["mac", "options", "withoutPacket"] },
  )
  .map(({ mac, options, ofLease, withoutPacket }): EvaluationContext => {
    const of = contextOf(
      { mac, options: options as Record<number, Uint8Array> },
      { relayAgent: ofLease },
    );
    return withoutPacket ? { ...of, packet: undefined } : of;
  });

describe("values that are found where they lie", () => {
  test("are those that the evaluator works out, for random expressions and packets", () => {
    let located = 0;
    let found = 0;
    fc.assert(
      fc.property(
        expression,
        fc.array(context, { minLength: 6, maxLength: 6 }),
        (given, contexts) => {
          const { match } = configOf(`class "c" { match ${given}; }`).classes.all[0];
          if (match?.locate === undefined) return;
          located += 1;
          const span = new ByteSpan();
          for (const one of contexts) {
            const wanted = match.evaluate(one, undefined);
            const isThere = match.locate(one, span);
            const value = isThere ? span.bytes.slice(span.start, span.end) : undefined;
            expect(value).toEqual(wanted === undefined ? undefined : Uint8Array.from(wanted));
            if (isThere && span.length > 0) found += 1;
          }
        },
      ),
      { seed: 20_132, numRuns: 800 },
    );
    expect(located).toBeGreaterThan(200);
    expect(found).toBeGreaterThan(200);
  });

  test("are compared as the evaluator compares them, nulls too", () => {
    const outcomes = new Map<boolean, number>();
    const equality = fc.tuple(expression, fc.constantFrom("=", "!="), expression);
    fc.assert(
      fc.property(
        equality,
        fc.array(context, { minLength: 6, maxLength: 6 }),
        ([left, sign, right], contexts) => {
          const config = configOf(`
          class "both" { match if ${left} ${sign} ${right}; }
          class "there" { match if exists vendor-class-identifier; }
          class "left" { match ${left}; } class "right" { match ${right}; }`);
          const [both, there, first, second] = config.classes.all;
          for (const one of contexts) {
            const sides = [first, second].map(({ match }) => match?.evaluate(one, undefined));
            const wanted = sameValue(sides[0], sides[1]) === (sign === "=");
            expect(both.matchIf?.evaluate(one, undefined)).toBe(wanted);
            expect(there.matchIf?.evaluate(one, undefined)).toBe(
              one.packet?.options.has(60) ?? false,
            );
            outcomes.set(wanted, (outcomes.get(wanted) ?? 0) + 1);
          }
        },
      ),
      { seed: 20_133, numRuns: 800 },
    );
    expect(Math.min(outcomes.get(true) ?? 0, outcomes.get(false) ?? 0)).toBeGreaterThan(200);
  });

  test("a value of several pieces, and one that is longer than the one before", () => {
    const config = configOf(`
      class "c" { match if concat ("<", option vendor-class-identifier) = "<${"x".repeat(400)}"; }`);
    const isMember = (length: number): boolean =>
      classify(config, contextOf({ options: { 60: "x".repeat(length) } })).length === 1;
    expect([3, 400, 3, 401, 400].map(isMember)).toEqual([false, true, false, false, true]);
  });
});
