import { render } from 'preact';
import './style.css';
import './generated/figures.css';
import { App } from './app.js';
import { takeKeyFromAddress } from './session.js';
import { applyTheme } from './theme.js';

applyTheme();
takeKeyFromAddress();
const place = document.getElementById('app');
if (place === null) throw new Error('index.html: found no element #app');
render(<App />, place);
