/** What is derived from a hart's registers. */
import { CONTEXTS, CORE_CONTEXT_KEYS, CORE_CONTEXT_KEY_SIZE } from '../src/hart/layout';
import { selectContext } from './context';
import { refreshPmp } from './pmp';
import { t_forget_sites } from './timing/api';

/** Recomputes PMP ranges and contexts, forgets what is known of the predictor, after registers were written from outside: when the machine is built, by tests. */
export function refreshHart(h: usize): void {
  memory.fill(h + CORE_CONTEXT_KEYS, 0xff, CONTEXTS * CORE_CONTEXT_KEY_SIZE);
  refreshPmp(h);
  selectContext(h);
  t_forget_sites(i32(h));
}
