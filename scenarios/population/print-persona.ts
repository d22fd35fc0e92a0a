import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { optionDefinitions } from "../../protocol/dhcp/option-table.ts";
import { type CapturedMessage, type CapturedPersona, messageShapes } from "./captured-persona.ts";
import { formatValue } from "./captured-value.ts";

const optionNames = new Map(
  optionDefinitions.filter(({ space }) => space === "dhcp").map(({ code, name }) => [code, name]),
);

/** The persona as the file that `readPersonaFile` reads; `headLines` become comments at its head. */
export function printPersona(persona: CapturedPersona, headLines: readonly string[]): string {
  const { retransmit } = persona;
  const delays = retransmit?.map((delayMs) => `${delayMs} ms`).join(", ");
  return [
    ...headLines.map((line) => `# ${line}`),
    `schema: ${persona.schema}`,
    `name: ${JSON.stringify(persona.name)}`,
    `secs: ${persona.secs}`,
    ...(delays === undefined ? [] : [`retransmit: [${delays}]`]),
    "messages:",
    ...messageShapes.flatMap((shape) => {
      const message = persona.messages[shape];
      return message === undefined ? [] : [`  ${shape}:`, ...linesOf(message)];
    }),
    "",
  ].join("\n");
}

function linesOf({ flags, hops, length, options, ...fields }: CapturedMessage): readonly string[] {
  const named = (["sname", "file", "trailer"] as const).flatMap((name) => {
    const value = fields[name];
    return value === undefined ? [] : [`    ${name}: "${formatValue(value)}"`];
  });
  return [
    `    flags: 0x${flags.toString(16).padStart(4, "0")}`,
    ...(hops === 0 ? [] : [`    hops: ${hops}`]),
    `    length: ${length}`,
    ...named,
    "    options:",
    ...options.map(({ code, value }) => {
      if (code === OptionCode.pad) return "      - { code: 0 }";
      const comment = optionNames.get(code);
      const line = `      - { code: ${code}, value: "${formatValue(value)}" }`;
      return comment === undefined ? line : `${line} # ${comment}`;
    }),
  ];
}
