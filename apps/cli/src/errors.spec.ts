import { describe, expect, it } from 'vitest';
import { InputError } from '#libs/contracts';
import { ApiError, UnreachableError } from '#libs/platform';
import { CommandError, explain } from './errors.js';

const issue = { path: 'seeds', at: ['seeds'], found: '"x"', expected: 'a number' };

describe('a failure ends the command with', () => {
  it('exit code 2 and a line for each mistake of the input', () => {
    expect(explain(new InputError('c.yaml', [issue, { ...issue, path: 'name' }]))).toEqual({
      code: 2,
      lines: ['c.yaml: seeds: found "x", expected a number', 'c.yaml: name: found "x", expected a number'],
    });
  });

  it('exit code 2 and the issues of a problem document when the controller refuses', () => {
    const problem = { type: '', title: '', status: 422, code: 'BAD_INPUT', detail: '', issues: [issue] };
    expect(explain(new ApiError(422, 'BAD_INPUT', 'bad', problem))).toEqual({
      code: 2,
      lines: ['seeds: found "x", expected a number'],
    });
  });

  it('exit code 1 and one line when nobody answers or the controller is in trouble', () => {
    const refused = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') });
    expect(explain(new UnreachableError('http://127.0.0.1:1', refused))).toEqual({
      code: 1,
      lines: ['controller http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1'],
    });
    expect(explain(new ApiError(503, 'HTTP_503', 'database away\nagain', null))).toEqual({
      code: 1,
      lines: ['controller: database away again'],
    });
  });

  it('the exit code it carries', () => {
    expect(explain(new CommandError('no\n  such thing', 2))).toEqual({ code: 2, lines: ['no such thing'] });
  });

  it('exit code 70 and the stack when it is a bug of ours', () => {
    const { code, lines } = explain(new RangeError('index'));
    expect(code).toBe(70);
    expect(lines[0]).toContain('errors.spec.ts');
  });
});
