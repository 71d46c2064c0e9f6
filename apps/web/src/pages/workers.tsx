import type { WorkerView } from '#libs/contracts';
import type { JSX } from 'preact';
import { api } from '../api/client.js';
import { ago, moment, plural } from '../format.js';
import { useLoaded, When } from '../parts/data.js';
import { Digest, Scroll, Tile, Tiles } from '../parts/pieces.js';

const everyMs = 2_000;

export function WorkersPage(): JSX.Element {
  const loaded = useLoaded('workers', (signal) => api.workers(signal), everyMs);
  return (
    <>
      <h1>Workers</h1>
      <p class="soft">
        Simulation hosts: each slot simulates one run at a time. Those not heard of for an hour are left out.
      </p>
      <When loaded={loaded}>
        {(workers) => {
          const alive = workers.filter((worker) => worker.alive);
          const sum = (read: (worker: WorkerView) => number): number =>
            alive.reduce((total, worker) => total + read(worker), 0);
          return (
            <>
              <Tiles>
                <Tile label="alive" value={alive.length} unit={`of ${String(workers.length)}`} />
                <Tile label="slots" value={sum((worker) => worker.slots)} />
                <Tile label="busy" value={sum((worker) => worker.held)} unit="slots" />
              </Tiles>
              {workers.length === 0 ? (
                <div class="card empty">
                  <p>No worker has joined.</p>
                  <p class="soft">
                    <code>bin/dvfarm worker</code> starts one on this computer; <code>--controller</code> and{' '}
                    <code>--token-file</code> let one join from another.
                  </p>
                </div>
              ) : (
                <Scroll label="Workers">
                  <table class="folding">
                    <thead>
                      <tr>
                        <th scope="col">worker</th>
                        <th scope="col">state</th>
                        <th scope="col" class="right">
                          busy
                        </th>
                        <th scope="col">heard</th>
                        <th scope="col">joined</th>
                        <th scope="col">simulator</th>
                      </tr>
                    </thead>
                    <tbody>
                      {workers.map((worker) => (
                        <tr key={worker.id}>
                          <th scope="row">{worker.name}</th>
                          <td>
                            <span class={`badge ${worker.alive ? 'is-passed' : 'is-lost'}`}>
                              <span class="dot" aria-hidden="true" />
                              {worker.alive ? 'alive' : 'gone'}
                            </span>
                          </td>
                          <td class="right" data-name="busy">
                            {worker.held} of {plural(worker.slots, 'slot')}
                          </td>
                          <td data-name="heard">{ago(worker.seenAt)}</td>
                          <td data-name="joined">{moment(worker.registeredAt)}</td>
                          <td data-name="simulator">
                            <Digest hex={worker.simulator} />
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </Scroll>
              )}
            </>
          );
        }}
      </When>
    </>
  );
}
