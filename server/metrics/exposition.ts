import type { DurationHistogram } from "../../base/duration-histogram.ts";
import { labelText } from "../../base/metric-labels.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  /** Appended to the family's name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly value: number;
}

/** Metrics of one name: plain data, which can be sent between threads. */
export interface Family {
  /** Includes the unit and, for a counter, `_total`. */
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * Prometheus' text format 0.0.4. It wants families of the same name merged: several services have the
 * same one, with other labels.
 */
export function renderExposition(families: readonly Family[]): string {
  const byName = new Map<string, Family>();
  for (const family of families) {
    const before = byName.get(family.name);
    const samples = [...(before?.samples ?? []), ...family.samples];
    byName.set(family.name, { ...family, samples });
  }
  return [...byName.values()].map(familyText).join("");
}

/** All counters that have counted something, in one line: `dhcp_batches=7 dhcp_dropped{reason="late"}=3`. */
export function countersText(families: readonly Family[]): string {
  const counted = families
    .filter(({ type }) => type === "counter")
    .flatMap(({ name, samples }) =>
      samples
        .filter(({ value }) => value !== 0)
        .map(({ labels = {}, value }) => `${shortName(name)}${labelText(labels)}=${value}`),
    );
  return counted.length === 0 ? "none has counted anything" : counted.join(" ");
}

const shortName = (name: string): string => name.replace(/^provlab_/, "").replace(/_total$/, "");

/** Adds these labels to every sample. */
export function labelled(families: readonly Family[], labels: Labels): Family[] {
  return families.map((family) => ({
    ...family,
    samples: family.samples.map((sample) => ({
      ...sample,
      labels: { ...labels, ...sample.labels },
    })),
  }));
}

/** A gauge without labels. */
export function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ value }] };
}

/** A counter without labels. `name` includes `_total`. */
export function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [{ value }] };
}

/** A gauge with a sample for each value of a label. */
export function gaugeBy(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
): Family {
  const samples = Object.entries(values).map(([of, value]) => ({ labels: { [label]: of }, value }));
  return { name, type: "gauge", help, samples };
}

/** A histogram's samples, with these labels. */
export function histogramSamples(durations: DurationHistogram, labels: Labels = {}): Sample[] {
  const upTo = durations.upTo();
  const buckets = upTo.map(({ seconds, count }): Sample => {
    const le = Number.isFinite(seconds) ? String(seconds) : "+Inf";
    return { suffix: "_bucket", labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { suffix: "_sum", labels, value: durations.sumSeconds },
    { suffix: "_count", labels, value: upTo.at(-1)!.count },
  ];
}

/** How each counter is shown, by the first part of its dotted name. */
export type CounterNames = Readonly<Record<string, CounterName>>;

interface CounterName {
  readonly help: string;
  /** Without the prefix and `_total`; by default the counter's own name, with `_` for `-`. */
  readonly name?: string;
  /** The label whose value is the part after the dot. */
  readonly label?: string;
}

/** Counters of a service: plain ones, and groups of them. */
type Counters = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** Every counter by a dotted name (`dropped.rate`), zeros included. */
export function dotted(counters: Counters): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(counters).flatMap(([name, value]) =>
      typeof value === "number"
        ? [[name, value]]
        : Object.entries(value).map(([key, count]) => [`${name}.${key}`, count]),
    ),
  );
}

/**
 * Counters as families. Throws RangeError for a counter that the table does not name, so that none is
 * forgotten.
 */
export function counterFamilies(prefix: string, counters: Counters, names: CounterNames): Family[] {
  const families = new Map<string, Family & { readonly samples: Sample[] }>();
  for (const [full, value] of Object.entries(dotted(counters))) {
    const dot = full.indexOf(".");
    const group = dot < 0 ? full : full.slice(0, dot);
    const told = names[group];
    if (told === undefined) throw new RangeError(`the counter ${prefix}: ${full} has no name`);
    const { help, label, name = group.replaceAll("-", "_") } = told;
    const family = families.get(group) ?? {
      name: `${prefix}_${name}_total`,
      type: "counter",
      help,
      samples: [],
    };
    family.samples.push({
      labels: label === undefined ? {} : { [label]: full.slice(dot + 1) },
      value,
    });
    families.set(group, family);
  }
  return [...families.values()];
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(
    ({ suffix = "", labels = {}, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`,
  );
  const words = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${words}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}
