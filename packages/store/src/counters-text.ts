/** Counters in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/): `<prefix>_<name>_total` each. */
export function countersText(
  prefix: string,
  counters: readonly (readonly [name: string, help: string, value: number])[],
): string {
  return counters
    .map(([name, help, value]) => {
      const metric = `${prefix}_${name}_total`;
      return `# HELP ${metric} ${help}\n# TYPE ${metric} counter\n${metric} ${value}\n`;
    })
    .join('');
}
