import { runStates, runStatus, type RunState, type RunStatus } from '#libs/contracts';

export function statesOf(status: RunStatus): RunState[] {
  return runStates.filter((state) => runStatus(state) === status);
}
