/** A builder of regions whose modules come late, by a rule instead of by chance. */
import { buildInPlace, type RegionBuilderFactory } from '../../libs/riscv-core/src/jit/region-builder.js';

/** What has happened to the modules of such a builder. */
export interface Deliveries {
  submitted: number;
  collected: number;
}

/** Each module comes when it was asked for in vain as often as `delay` says for it; Infinity = never. */
export function lateBuilder(
  delay: (module: number) => number,
  deliveries: Deliveries = { submitted: 0, collected: 0 },
): RegionBuilderFactory {
  return (setting) => {
    const builder = buildInPlace(setting);
    let left = 0;
    return {
      submit: (batch) => {
        left = delay(deliveries.submitted++);
        builder.submit(batch);
      },
      collect: () => {
        if (left-- > 0) return undefined;
        const built = builder.collect();
        if (built !== undefined) deliveries.collected++;
        return built;
      },
    };
  };
}
