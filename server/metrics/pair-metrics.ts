import type { SharedPairState } from "../mandate/shared-pair-state.ts";
import { counter, type Family, gauge } from "./exposition.ts";

/** The metrics of a pair node's data plane at this moment. */
export function pairFamilies(
  pairState: Pick<SharedPairState, "answeringEpoch" | "isInSync" | "revision" | "suspicion">,
): Family[] {
  const { answeringEpoch, isInSync, revision, suspicion } = pairState;
  return [
    gauge(
      "provlab_pair_answering_epoch",
      "The epoch of the leadership under which this node answers; 0: it does not.",
      answeringEpoch,
    ),
    gauge(
      "provlab_pair_in_sync",
      "1 while this node has every lease of the pair.",
      Number(isInSync),
    ),
    gauge(
      "provlab_pair_revision",
      "The revision of etcd up to which this node has followed.",
      revision,
    ),
    counter(
      "provlab_pair_suspicions_total",
      "How often this node stood still while it answered, and asked before it went on.",
      suspicion,
    ),
  ];
}
