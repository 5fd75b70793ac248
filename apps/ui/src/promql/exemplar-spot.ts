/**
 * How high an exemplar stands on a chart, per cent from its foot: at its value where the axis is of its measure, at the foot otherwise.
 * `beyond`: its value lies above the axis, and it stands at the top edge.
 */
export function exemplarSpot(
  { value, onAxis }: { readonly value: number; readonly onAxis: boolean },
  share: (value: number) => number,
): { readonly bottom: number; readonly beyond: boolean } {
  const high = onAxis ? share(value) : 0;
  if (!Number.isFinite(high)) return { bottom: 0, beyond: false };
  return { bottom: 100 * Math.max(0, Math.min(1, high)), beyond: high > 1 };
}
