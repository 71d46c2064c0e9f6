import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { signIn } from '../session.js';

export function SignIn(): JSX.Element {
  const [key, setKey] = useState('');
  return (
    <div class="narrow">
      <h1>Sign in</h1>
      <p>
        The dashboard speaks to the controller with an API key. <code>bin/dvfarm up</code> prints an address that signs
        in by itself; the key also lies in the file <code>api-key</code> of the state directory (<code>.dvfarm/</code>).
      </p>
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          if (key.trim() !== '') signIn(key.trim());
        }}
      >
        <label for="key">API key</label>
        <input
          id="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <p class="soft">Kept for this tab only, until it is closed.</p>
        <button type="submit" class="primary">
          Sign in
        </button>
      </form>
    </div>
  );
}
