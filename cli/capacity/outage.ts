export async function runOutage(_args: readonly string[]): Promise<number> {
  return 2;
}
