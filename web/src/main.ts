// Puts the application on the page.
import { mount } from 'svelte';
import App from './App.svelte';
import SignedIn from './components/SignedIn.svelte';
import { endOf } from './lib/sign-in.ts';
import './app.css';

const target = document.getElementById('app');
const signedIn = endOf(location.pathname);
if (target && signedIn) mount(SignedIn, { target, props: signedIn });
else if (target) mount(App, { target });
