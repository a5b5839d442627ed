import type { Spec } from '../../backend/bindings';

/** What a Spec amounts to; the figures are those of the backend's `Spec::profile`. */
export interface SpecProfile {
  spec: Spec;
  recordsPerSecond: number | null;
  bytesPerSecond: number | null;
  memoryBytes: number;
}

/** Every Spec, from small to large. */
export const SPECS: readonly SpecProfile[] = [
  { spec: 'micro', recordsPerSecond: 200, bytesPerSecond: 1_000_000, memoryBytes: 8_000_000 },
  { spec: 'small', recordsPerSecond: 2_000, bytesPerSecond: 10_000_000, memoryBytes: 16_000_000 },
  { spec: 'medium', recordsPerSecond: 5_000, bytesPerSecond: 25_000_000, memoryBytes: 32_000_000 },
  { spec: 'large', recordsPerSecond: 11_000, bytesPerSecond: 55_000_000, memoryBytes: 48_000_000 },
  { spec: 'xlarge', recordsPerSecond: null, bytesPerSecond: null, memoryBytes: 56_000_000 },
];

/** The profile of a Spec. */
export function profileOf(spec: Spec): SpecProfile | undefined {
  return SPECS.find((profile) => profile.spec === spec);
}
