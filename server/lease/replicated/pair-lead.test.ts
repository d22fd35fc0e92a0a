import { describe, expect, test } from "vitest";
import type { LeaderSight } from "../../mandate/leader-key.ts";
import { PairLead } from "./pair-lead.ts";

/** The leader key at `modRevision`. */
function sight(
  modRevision: number,
  epoch: number,
  bootId: string,
  hold: "held" | "released" = "held",
): LeaderSight {
  return { modRevision, record: { epoch, holder: { node: "n", bootId }, hold } };
}

const mine = "x";

/** It leads epoch 4 since revision 20. */
function leading(): PairLead {
  const lead = new PairLead(mine);
  lead.see(sight(12, 3, "other"));
  lead.adopt({ epoch: 4, term: 20 });
  lead.see(sight(20, 4, mine));
  return lead;
}

describe("a lead", () => {
  test("begins when everything before its term was seen", () => {
    const lead = new PairLead(mine);
    lead.see(sight(12, 3, "other"));
    expect(lead.role(true)).toBe("following");
    expect(lead.adopt({ epoch: 4, term: 20 })).toBe(true);
    expect(lead.role(true)).toBe("claiming");
    lead.see(sight(15, 3, "other", "released"));
    expect(lead.role(true)).toBe("claiming");
    lead.see(sight(20, 4, mine));
    expect([lead.role(false), lead.role(true)]).toEqual(["claiming", "active"]);
    expect(lead.adopt({ epoch: 4, term: 20 })).toBe(false);
    expect(lead.role(true)).toBe("active");
  });

  test("begins at once when the leader key was faster than the mandate", () => {
    const lead = new PairLead(mine);
    lead.see(sight(20, 4, mine));
    expect(lead.role(true)).toBe("following");
    lead.adopt({ epoch: 4, term: 20 });
    expect(lead.role(true)).toBe("active");
  });

  test("goes on with the next epoch of the same boot, in whatever order it is told", () => {
    const told = leading();
    told.adopt({ epoch: 5, term: 30 });
    expect(told.role(true)).toBe("claiming");
    told.see(sight(30, 5, mine));
    expect(told.role(true)).toBe("active");
    const seen = leading();
    seen.see(sight(25, 4, mine, "released"));
    expect(seen.role(true)).toBe("paused");
    seen.see(sight(30, 5, mine));
    expect(seen.role(true)).toBe("paused");
    seen.adopt({ epoch: 5, term: 30 });
    expect(seen.role(true)).toBe("active");
  });

  test("goes on over an epoch of its own that it was never given", () => {
    const lead = leading();
    lead.see(sight(30, 5, mine));
    lead.see(sight(40, 6, mine));
    lead.adopt({ epoch: 6, term: 40 });
    expect(lead.role(true)).toBe("active");
  });

  test.each<readonly [string, (lead: PairLead) => void]>([
    ["another node leads", (lead) => lead.see(sight(30, 5, "other"))],
    ["another one has led, and this boot claimed again", (lead) => lead.see(sight(40, 6, mine))],
    [
      "it has a mandate, and another one has led in between",
      (lead) => {
        lead.adopt({ epoch: 6, term: 40 });
        lead.see(sight(40, 6, mine));
      },
    ],
    ["the leader key was deleted", (lead) => lead.see({ modRevision: 31, record: undefined })],
    ["etcd has lost its data", (lead) => lead.see({ modRevision: 0, record: undefined })],
    ["etcd is an older one", (lead) => lead.see(sight(12, 3, "other"))],
    ["epochs begin anew", (lead) => void lead.adopt({ epoch: 1, term: 50 })],
    ["revisions begin anew", (lead) => void lead.adopt({ epoch: 5, term: 3 })],
  ])("is over for ever when %s", (_, happens) => {
    const lead = leading();
    happens(lead);
    expect(lead.role(true)).toBe("fenced");
    lead.see(sight(60, 7, mine));
    lead.adopt({ epoch: 7, term: 60 });
    expect(lead.role(true)).toBe("fenced");
  });

  test("is over before it began when its mandate comes too late", () => {
    const lead = new PairLead(mine);
    lead.see(sight(30, 5, "other"));
    lead.adopt({ epoch: 4, term: 20 });
    expect(lead.role(true)).toBe("fenced");
  });
});
