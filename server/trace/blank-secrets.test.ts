import { expect, test } from "vitest";
import { blankSecrets } from "./blank-secrets.ts";

test.each<[string, string, string]>([
  ["a secret", "key k { algorithm hmac-md5; secret c2VjcmV0; };", "secret AAAAAAAA;"],
  ["a secret in quotes", 'key k { secret "c2VjcmV0=="; }', 'secret "AAAAAAAA==";'],
  ["a name in quotes", 'key "a key" { secret c2Vj; }', "secret AAAA;"],
  ["capitals", "KEY k { SECRET c2Vj; }", "SECRET AAAA;"],
  [
    "several lines",
    "key k\n{\n  algorithm x;\n  secret\n    c2Vj\n    cmV0 ;\n}",
    "AAAA\n    AAAA ;",
  ],
  ["a comment in between", "key k { # a key {\n secret # the secret\n c2Vj; }", "AAAA; }"],
  ["a commented key", "# key k { secret c2VjcmV0; }\n", "# key k { secret AAAAAAAA; }"],
  ["a commented line of a key", "key k {\n# secret c2Vj;\n}", "# secret AAAA;"],
  ["the second key", "key a { secret QQ==; }\nkey b { secret c2Vj; }", "secret AAAA;"],
  ["base64 with signs", "key k { secret a+/9ab==; }", "secret AAAAAA==;"],
  ["a file cut off", "key k { secret c2VjcmV0", "secret AAAAAAAA"],
])("%s is blanked", (_, text, blanked) => {
  const result = blankSecrets(text);
  expect(result).toContain(blanked);
  expect(result).not.toMatch(/c2Vj|cmV0|9ab/);
  expect(result.length).toBe(text.length);
  expect(result.split("\n").length).toBe(text.split("\n").length);
});

test.each([
  'option secret-file "x";',
  'zone example.net { primary 10.0.0.1; key k; }\noption domain-name "secret c2Vj";',
  'log (info, "key { secret c2Vj; }");',
  "omapi-key k;\nsubnet 10.0.0.0 netmask 255.0.0.0 { }",
  'host secret { hardware ethernet 02:00:00:00:00:01; filename "a # b"; }',
])("other text is left alone: %s", (text) => {
  expect(blankSecrets(text)).toBe(text);
});

test("a large file takes a moment, however unfortunate", () => {
  const startedAtMs = performance.now();
  blankSecrets("key ".repeat(500_000));
  blankSecrets('"'.repeat(500_001));
  blankSecrets("key a # ".repeat(100_000));
  expect(performance.now() - startedAtMs).toBeLessThan(10_000);
});
