import { UsageError } from "../../options/usage-error.ts";

/** `http://host:2379`, or several of them with commas; throws UsageError for anything else. */
export function parseEndpoints(text: string): readonly string[] {
  const endpoints = text.split(",").map((each) => each.trim());
  const wrong = endpoints.find((each) => !/^https?:\/\/[^/\s:]+:\d+$/.test(each));
  if (wrong === undefined) return endpoints;
  throw new UsageError(`--etcd: "${wrong}" is no endpoint: write http://127.0.0.1:2379`);
}
