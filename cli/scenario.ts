import { scenarioJsonSchemaText } from "../scenarios/language/json-schema.ts";
import { formatFileProblem } from "../scenarios/yaml/problems.ts";
import { expectedLoad } from "./expected-load.ts";
import { exitStatus } from "./options/exit-status.ts";
import { type OptionValue, setFlags } from "./options/options.ts";
import { loadScenario, tryScenario } from "./options/scenario-input.ts";
import { Subcommand } from "./options/subcommand.ts";
import { explainScenario } from "./scenario-explain.ts";

type Format = "text" | "json";

interface CheckOptions {
  readonly format: Format;
  readonly set: readonly string[];
}

/** `prov scenario schema|check|explain`: answers editors and pipelines about scenario files. */
export async function runScenario(args: readonly string[]): Promise<number> {
  const command = new Subcommand("prov scenario").description(
    "check scenario files, and say what they are going to do",
  );
  command
    .command("schema")
    .description("print the JSON Schema of scenario files, for editors")
    .action(() => void process.stdout.write(scenarioJsonSchemaText()))
    .examples("prov scenario schema > scenario.schema.json");
  command
    .command("check")
    .description("tell every mistake in scenario files, with file, line, path and a hint")
    .argument("<file...>", "the scenario files")
    .value("--format <text|json>", "what to print", checkFormat, "text")
    .repeatable(...setFlags)
    .runs(check)
    .examples(
      "prov scenario check scenarios/*.yaml",
      "prov scenario check lab.yaml --format json --set population.mtas=9",
    );
  command
    .command("explain")
    .description("say in words what a scenario is going to do, and how much of it")
    .argument("<file>", "the scenario file")
    .repeatable(...setFlags)
    .action((file: string, { set }: Pick<CheckOptions, "set">) => {
      const { scenario } = loadScenario(file, set);
      process.stdout.write(explainScenario(scenario, expectedLoad(scenario)));
    })
    .examples("prov scenario explain lab.yaml --set population.mtas=9");
  return command
    .examples("prov scenario check lab.yaml", "prov scenario explain lab.yaml")
    .run(args);
}

const checkFormat: OptionValue<Format> = {
  parse: (text) => (text === "text" || text === "json" ? text : undefined),
  how: "write text or json",
};

/** The JSON form has one object for each file, in the order of the files. */
function check(files: readonly string[], { format, set }: CheckOptions): number {
  const checked = files.map((file) => {
    const loading = tryScenario(file, set);
    const ok = loading.kind === "ok";
    return { file, ok, problems: ok ? [] : loading.problems };
  });
  const lines = checked.flatMap(({ file, ok, problems }) =>
    ok ? [`${file}: ok`] : problems.map(formatFileProblem),
  );
  const json = JSON.stringify(checked, undefined, 2);
  process.stdout.write(format === "json" ? `${json}\n` : lines.map((line) => `${line}\n`).join(""));
  return checked.every(({ ok }) => ok) ? exitStatus.pass : exitStatus.badUsage;
}
