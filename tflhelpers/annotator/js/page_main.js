import { startApp } from "./app.js";
import { PageHost } from "./page_host.js";

/** Starts the self-contained page: its pictures and boxes stand in it as JSON. */
const pictureSet = JSON.parse(document.getElementById("picture-set").textContent);
startApp(document.getElementById("annotator"), new PageHost(pictureSet));
