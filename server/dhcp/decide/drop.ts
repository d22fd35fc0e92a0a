import type { PermissionName } from "../../config/language/parameters.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { receivedLog } from "../exchange/log-lines.ts";
import type { DropReason, Outcome } from "../exchange/outcome.ts";
import type { Policy } from "../policy/policy.ts";

export type DropOutcome = Extract<Outcome, { kind: "drop" }>;

/** No answer; `note` ends the line for the log, in dhcpd's words. */
export function drop(exchange: Exchange, reason: DropReason, note: string): DropOutcome {
  return { kind: "drop", reason, changes: exchange.changes, log: receivedLog(exchange, note) };
}

/** No answer to what `deny` excludes. With `ignore` there is no line in the log, as in dhcpd. */
export function refuse(
  exchange: Exchange,
  { settings }: Policy,
  subject: PermissionName,
  reason: DropReason,
  note: string,
): DropOutcome {
  if (settings.permission(subject) !== "ignore") return drop(exchange, reason, note);
  return { kind: "drop", reason, changes: exchange.changes };
}
