import { describe, expect, test } from "vitest";

/**
 * A group of tests for what not every machine can do. Where it cannot, `missing` says why: the group
 * is skipped with the reason in its name, or, with PROVLAB_REQUIRE_PEERS set as CI does, it fails.
 */
export function describeUnless(missing: string | undefined, name: string, body: () => void): void {
  if (missing === undefined) {
    describe(name, body);
  } else if (process.env["PROVLAB_REQUIRE_PEERS"] !== undefined) {
    test(name, () => expect.fail(`PROVLAB_REQUIRE_PEERS is set, but ${missing}`));
  } else {
    process.stderr.write(`skipped: ${name} (${missing})\n`);
    describe.skip(`${name} (skipped: ${missing})`, body);
  }
}
