import { escapeHtml } from "../page/html.ts";
import { type Judged, judgedOf } from "../result/judged.ts";
import type { RunResult } from "../result/run-result.ts";

/**
 * JUnit XML for Jenkins and GitLab: one suite, with a case for the verdict, each threshold, each safety
 * check and the generator. In an invalid run the cause is an error, not a failure, and the thresholds
 * are skipped, because they say nothing then. One cause is one failure: where another case has the verdict's cause,
 * the reasons of the verdict are the output of the suite. The environment is in the properties.
 */
export function renderJunit(result: RunResult): string {
  const cases = casesOf(result);
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
${cases.map((judged) => testCase(judged, result)).join("\n")}${output(result)}
  </testsuite>
</testsuites>
`;
}

function casesOf(result: RunResult): readonly Judged[] {
  const [verdict, ...others] = judgedOf(result);
  const isSaid = others.some(({ state }) => state !== "holds" && state === verdict!.state);
  return isSaid ? others : [verdict!, ...others];
}

const elements = { failed: "failure", invalid: "error", void: "skipped" } as const;

function testCase({ group, name, state, said }: Judged, result: RunResult): string {
  // The verdict's case has the time of the run; the other cases took none.
  const seconds = group === "verdict" ? (result.durationMs / 1000).toFixed(3) : "0";
  const head = `    <testcase classname=${attribute(`${result.scenario.name}.${group}`)} name=${attribute(name)} time="${seconds}"`;
  if (state === "holds") {
    return group === "threshold" || group === "generator"
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

function output({ reasons }: RunResult): string {
  return reasons.length === 0
    ? ""
    : `\n    <system-out>${escapeXml(reasons.join("\n"))}</system-out>`;
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

/** Characters that no XML 1.0 document may hold, not even as references (section 2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are to be replaced
const unspeakable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

function escapeXml(text: string): string {
  return text
    .replace(unspeakable, "\ufffd")
    .replace(/[&<>"]/g, (character) => escapeHtml(character));
}

function attribute(text: string): string {
  return `"${escapeXml(text).replace(/\s/g, " ")}"`;
}
