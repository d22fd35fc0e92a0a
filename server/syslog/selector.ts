import { facilityNames, severityNames } from "../../protocol/syslog/priority.ts";

const severities = severityNames.length;
/** How many combinations of facility and severity a message's PRI can have. */
export const priorities = facilityNames.length * severities;

const oldNames: Readonly<Record<string, string>> = {
  security: "auth",
  panic: "emerg",
  error: "err",
  warn: "warning",
};

/**
 * The priorities (facility × 8 + severity) that a selector of syslog.conf chooses, as one flag each. A
 * selector has `facility[,facility].severity` parts between semicolons; a later part overrules an earlier
 * one for its facilities. A severity means itself and worse, `=severity` only itself, `*` all and `none`
 * none. Throws RangeError, naming the part, for anything else.
 */
export function parseSelector(selector: string): Uint8Array {
  const chosen = new Uint8Array(priorities);
  for (const part of selector.split(";")) {
    const dot = part.lastIndexOf(".");
    if (dot < 0) throw selectorError(selector, part, "it has no '.'");
    const facilities = facilitiesOf(part.slice(0, dot).trim(), selector, part);
    const flags = severityFlags(part.slice(dot + 1).trim(), selector, part);
    for (const facility of facilities) chosen.set(flags, facility * severities);
  }
  return chosen;
}

function facilitiesOf(text: string, selector: string, part: string): readonly number[] {
  if (text === "*") return facilityNames.map((_, facility) => facility);
  return text.split(",").map((name) => {
    const facility = numberOf(facilityNames, name.trim());
    if (facility < 0) throw selectorError(selector, part, `no facility is called '${name.trim()}'`);
    return facility;
  });
}

function severityFlags(text: string, selector: string, part: string): Uint8Array {
  const flags = new Uint8Array(severities);
  if (text === "none") return flags;
  if (text === "*") return flags.fill(1);
  const isExact = text.startsWith("=");
  const name = isExact ? text.slice(1) : text;
  const severity = numberOf(severityNames, name);
  if (severity < 0) throw selectorError(selector, part, `no severity is called '${name}'`);
  return flags.fill(1, isExact ? severity : 0, severity + 1);
}

function numberOf(names: readonly string[], name: string): number {
  const lower = name.toLowerCase();
  return names.indexOf(oldNames[lower] ?? lower);
}

function selectorError(selector: string, part: string, reason: string): RangeError {
  return new RangeError(
    `the syslog selector '${selector}' is wrong at '${part.trim()}': ${reason}; ` +
      "write facility.severity, e.g. 'local6.*' or '*.info;mail.none'",
  );
}
