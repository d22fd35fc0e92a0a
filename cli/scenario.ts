import { Command } from "commander";
import { scenarioJsonSchemaText } from "../scenarios/language/json-schema.ts";
import { type FileProblem, formatFileProblem } from "../scenarios/yaml/problems.ts";
import { expectedLoad } from "./expected-load.ts";
import { addExamples } from "./options/examples.ts";
import { exitStatus } from "./options/exit-status.ts";
import { setOption } from "./options/options.ts";
import { runCommander } from "./options/run-commander.ts";
import { loadScenario, tryScenario } from "./options/scenario-input.ts";
import { UsageError } from "./options/usage-error.ts";
import { explainScenario } from "./scenario-explain.ts";

type Format = "text" | "json";

interface CheckOptions {
  readonly format: Format;
  readonly set: readonly string[];
}

/** `prov scenario schema|check|explain`: what editors and pipelines ask about scenario files. */
export async function runScenario(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov scenario")
    .description("check scenario files, and say what they are going to do")
    .exitOverride();
  const schema = command
    .command("schema")
    .description("print the JSON Schema of scenario files, for editors")
    .action(() => void process.stdout.write(scenarioJsonSchemaText()));
  addExamples(schema, "prov scenario schema > scenario.schema.json");
  const checking = command
    .command("check")
    .description("tell every mistake in scenario files, with file, line, path and a hint")
    .argument("<file...>", "the scenario files")
    .option("--format <text|json>", "what to print", parseFormat, "text")
    .addOption(setOption())
    .action((files: readonly string[], options: CheckOptions) => {
      status = check(files, options);
    });
  addExamples(
    checking,
    "prov scenario check scenarios/*.yaml",
    "prov scenario check lab.yaml --format json --set population.mtas=9",
  );
  const explaining = command
    .command("explain")
    .description("say in words what a scenario is going to do, and how much of it")
    .argument("<file>", "the scenario file")
    .addOption(setOption())
    .action((file: string, { set }: Pick<CheckOptions, "set">) => {
      const { scenario } = loadScenario(file, set);
      process.stdout.write(explainScenario(scenario, expectedLoad(scenario)));
    });
  addExamples(explaining, "prov scenario explain lab.yaml --set population.mtas=9");
  addExamples(command, "prov scenario check lab.yaml", "prov scenario explain lab.yaml");
  return (await runCommander(command, args)) ?? status;
}

/** The JSON form: one object a file, in the order of the files. */
interface CheckedFile {
  readonly file: string;
  readonly ok: boolean;
  readonly problems: readonly FileProblem[];
}

function check(files: readonly string[], { format, set }: CheckOptions): number {
  const checked = files.map((file): CheckedFile => {
    const loading = tryScenario(file, set);
    if (loading.kind === "ok") return { file, ok: true, problems: [] };
    return { file, ok: false, problems: loading.problems };
  });
  process.stdout.write(
    format === "json"
      ? `${JSON.stringify(checked, undefined, 2)}\n`
      : checked.map(({ file, ok, problems }) => (ok ? `${file}: ok\n` : listed(problems))).join(""),
  );
  return checked.every(({ ok }) => ok) ? exitStatus.pass : exitStatus.badUsage;
}

function listed(problems: readonly FileProblem[]): string {
  return problems.map((problem) => `${formatFileProblem(problem)}\n`).join("");
}

function parseFormat(text: string): Format {
  if (text === "text" || text === "json") return text;
  throw new UsageError(`--format ${text}: write text or json`);
}
