// Starts the page.
import "./design/tokens.css";
import "./design/base.css";
import { mount } from "svelte";
import App from "./app/App.svelte";
import { place } from "./app/place.svelte";
import { session } from "./app/session.svelte";
import { theme } from "./app/theme.svelte";

theme.start();
place.start();
void session.load();

const target = document.getElementById("page");
if (target) mount(App, { target });
