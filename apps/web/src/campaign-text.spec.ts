import { describe, expect, it } from 'vitest';
import { exampleCampaign, readCampaignText } from './campaign-text.js';

describe('a campaign as typed', () => {
  it('is accepted when it is right', () => {
    const read = readCampaignText(exampleCampaign);
    expect(read.issues).toEqual([]);
    expect(read.file?.name).toBe('my-campaign');
  });

  it('has every mistake at its line', () => {
    const text = exampleCampaign.replace('[kvm, duvisor]', '[kvm, xen]').replace('seeds: 3', 'seeds: 0');
    const { file, issues } = readCampaignText(text);
    expect(file).toBeNull();
    expect(issues.map(({ line, path }) => [line, path])).toEqual([
      [5, 'hypervisor[1]'],
      [8, 'seeds'],
    ]);
  });

  it('that is not YAML says where', () => {
    expect(readCampaignText('name: x\nmachine: [').issues).toMatchObject([{ line: 2, expected: 'YAML or JSON' }]);
  });

  it('finds the lines of mistakes that only the controller sees', () => {
    const issue = { path: 'machine.set.l2', at: ['machine', 'set', 'l2'], found: 'x', expected: 'y' };
    expect(readCampaignText(exampleCampaign).locate([issue])[0]?.line).toBe(4);
  });
});
