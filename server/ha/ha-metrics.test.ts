import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { renderExposition } from "../metrics/exposition.ts";
import { haFamilies } from "./ha-metrics.ts";
import { nodeStatus, pairStatus } from "./pair-status.testing.ts";

const failed = nodeStatus("prov01", "failed", { troubles: ["failed", "no gateway"] });
const status = pairStatus([nodeStatus("prov02", "active"), failed], {
  failureInProgress: true,
  clockApartMs: 400,
  links: [
    { state: "up", roundTripMs: 0.3 },
    { state: "dead", roundTripMs: undefined },
  ],
});

const takeOvers = { count: 3, silentMs: 400, claimMs: 130 };

test("the pair as Prometheus is told it, each metric with its line in the documentation", () => {
  const lines = renderExposition(haFamilies(status, takeOvers)).split("\n");
  expect(lines.filter((line) => line !== "" && !line.startsWith("#"))).toEqual([
    'provlab_ha_role{node="prov02",role="active"} 1',
    'provlab_ha_role{node="prov01",role="failed"} 1',
    "provlab_ha_epoch 4",
    "provlab_ha_leader 1",
    "provlab_ha_in_sync 1",
    "provlab_ha_peer_alive 1",
    "provlab_ha_failure_in_progress 1",
    "provlab_ha_failed_actions 2",
    'provlab_ha_link_up{link="0"} 1',
    'provlab_ha_link_up{link="1"} 0',
    "provlab_ha_clock_apart_seconds 0.4",
    "provlab_ha_lease_time_ahead_seconds 0",
    "provlab_ha_take_overs_total 3",
    "provlab_ha_take_over_silence_seconds 0.4",
    "provlab_ha_take_over_claim_seconds 0.13",
  ]);
  const page = readFileSync(resolve(import.meta.dirname, "../../docs/metrics.md"), "utf8");
  for (const { name, type, help } of haFamilies(status, takeOvers)) {
    const row = new RegExp(`^\\| \`${name}\` \\| ${type} \\| .* \\| ${help} \\|$`, "m");
    expect(page).toMatch(row);
  }
});
