import { type Judged, judgedOf } from "../result/judged.ts";
import type { RunResult } from "../result/run-result.ts";

/**
 * JUnit XML as Jenkins' and GitLab's readers take it: a suite a run, a case for the verdict, each
 * threshold, each safety check and the generator. What makes a run invalid is an error, not a failure,
 * and its thresholds are skipped: they say nothing then. The environment is in the properties.
 */
export function renderJunit(result: RunResult): string {
  const cases = judgedOf(result);
  const name = attribute(result.scenario.name);
  const seconds = (result.durationMs / 1000).toFixed(3);
  const totals = `tests="${cases.length}" failures="${numberOf(cases, "failed")}" errors="${numberOf(cases, "invalid")}"`;
  const suite = `name=${name} ${totals} skipped="${numberOf(cases, "void")}" time="${seconds}" timestamp=${attribute(result.startedAt.slice(0, 19))}`;
  const properties = propertiesOf(result).map(
    ([key, value]) => `      <property name=${attribute(key)} value=${attribute(value)}/>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="provlab" ${totals} time="${seconds}">
  <testsuite ${suite}>
    <properties>
${properties.join("\n")}
    </properties>
${cases.map((judged) => testCase(judged, result)).join("\n")}
  </testsuite>
</testsuites>
`;
}

const elements = { failed: "failure", invalid: "error", void: "skipped" } as const;

function testCase({ group, name, state, said }: Judged, result: RunResult): string {
  // The time of the run belongs to its verdict; the other cases took none of their own.
  const seconds = group === "verdict" ? (result.durationMs / 1000).toFixed(3) : "0";
  const head = `    <testcase classname=${attribute(`${result.scenario.name}.${group}`)} name=${attribute(name)} time="${seconds}"`;
  if (state === "holds") {
    return group === "threshold"
      ? `${head}>\n      <system-out>${escapeXml(said)}</system-out>\n    </testcase>`
      : `${head}/>`;
  }
  const message = state === "void" ? `the run is invalid, so this says nothing: it ${said}` : said;
  const element = elements[state];
  const body =
    element === "skipped"
      ? `<skipped message=${attribute(message)}/>`
      : `<${element} message=${attribute(message)} type=${attribute(group)}>${escapeXml(detail(group, message, result))}</${element}>`;
  return `${head}>\n      ${body}\n    </testcase>`;
}

function detail(group: Judged["group"], message: string, { safety }: RunResult): string {
  return group === "safety" ? [message, ...safety.examples].join("\n") : message;
}

function propertiesOf(result: RunResult): [string, string][] {
  const { environment, target, scenario, seed, command } = result;
  const server = target.kind === "bundled" ? "bundled" : `${target.address}:${target.port}`;
  return [
    ["seed", String(seed)],
    ["scenario.sha256", scenario.sha256],
    ["target", server],
    ...Object.entries(environment).map(([key, value]): [string, string] => [key, String(value)]),
    ...(command === undefined ? [] : [["command", command] satisfies [string, string]]),
  ];
}

function numberOf(cases: readonly Judged[], state: Judged["state"]): number {
  return cases.filter((judged) => judged.state === state).length;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** What no XML 1.0 document may hold, not even as a reference (section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are the point
const unspeakable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

function escapeXml(text: string): string {
  return text
    .replace(unspeakable, "\ufffd")
    .replace(/[&<>"]/g, (character) => entities[character]!);
}

function attribute(text: string): string {
  return `"${escapeXml(text).replace(/\s/g, " ")}"`;
}
