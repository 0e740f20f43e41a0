"use strict";
// The page of one release. Texts of the cluster are set as text only, never as markup.
(() => {
	const report = JSON.parse(document.getElementById("report").textContent);
	const release = report.release;
	const main = document.querySelector("main");
	const seconds = (time) => Date.parse(time) / 1000;
	const start = seconds(release.started);

	function add(parent, name, text, className) {
		const element = document.createElement(name);
		if (text !== undefined) element.textContent = text;
		if (className) element.className = className;
		parent.appendChild(element);
		return element;
	}

	function length(from, to) {
		const all = Math.max(0, Math.round(to - from));
		const hours = Math.floor(all / 3600);
		const minutes = Math.floor(all / 60) % 60;
		return (hours ? hours + "h" : "") + (hours || minutes ? minutes + "m" : "") + (all % 60) + "s";
	}

	function clock(time) {
		return new Date(time * 1000).toISOString().slice(11, 19);
	}

	function head() {
		const good = ["promoted", "skipped"].includes(release.outcome);
		const title = add(main, "h1", release.name + " ");
		add(title, "span", (release.outcome || release.phase || "open").replaceAll("_", " "),
			"outcome " + (good ? "good" : release.outcome ? "bad" : ""));
		add(main, "p", (release.toImage || "?") + (release.fromImage ? " in place of " + release.fromImage : ""));
		add(main, "p", "Canary " + release.canary + " in " + release.namespace + ", " + release.cause + ". " +
			(release.started ? release.started.slice(0, 19) + "Z" : "not started yet") +
			(release.finished ? " to " + release.finished.slice(0, 19) + "Z, " +
				length(start, seconds(release.finished)) : ""), "dim");
		if (release.reason) add(main, "p", release.reason);
		decided();
		source();
		if (report.pruned)
			add(main, "p", "The facts of " + report.pruned.rounds + " of its rounds, with their samples and shares, " +
				"were removed by retention, last on " + report.pruned.at.slice(0, 19) + "Z.", "dim");
		document.title = release.name;
	}

	// The check that a rollback was decided by.
	function decided() {
		const check = release.check;
		if (!check) return;
		const bounds = [["least", check.min], ["most", check.max]].filter((bound) => bound[1] !== null);
		add(main, "p", check.name + " was " + (check.value === null ? "without a value" : Math.round(check.value * 1e4) / 1e4) +
			bounds.map((bound) => ", at " + bound[0] + " " + bound[1]).join(""));
	}

	// Where it comes from, as far as that is known.
	function source() {
		const known = Object.entries(release.source || {}).filter((fact) => fact[1]);
		if (!known.length) return;
		const list = add(main, "p", undefined, "source");
		known.forEach(([name, text]) => {
			add(list, "span", name === "imageDigest" ? "image digest" : name, "dim");
			list.append(" ");
			add(list, "code", text);
			list.append(" ");
		});
	}

	// All series on one axis of times; a series that has no point there has null.
	function align(series) {
		const times = [...new Set(series.flatMap((points) => points.map((point) => point.x)))].sort((a, b) => a - b);
		const rows = series.map((points) => {
			const at = new Map(points.map((point) => [point.x, point.y]));
			return times.map((time) => (at.has(time) ? at.get(time) : null));
		});
		return [times, ...rows];
	}

	const end = Math.max(start + 1, ...[release.finished, ...report.set.map((point) => point.at),
		...report.events.map((event) => event.at)].filter(Boolean).map(seconds));

	// What people, gates and hooks did, as lines through every chart.
	function marks(plot) {
		const context = plot.ctx;
		context.save();
		context.setLineDash([3, 3]);
		context.lineWidth = 1;
		for (const event of report.events) {
			if (event.kind === "told") continue;
			const x = Math.round(plot.valToPos(seconds(event.at), "x", true));
			context.strokeStyle = { person: "#8e4ec6", edit: "#c62a2f" }[event.kind] || "#ad5700";
			context.beginPath();
			context.moveTo(x, plot.bbox.top);
			context.lineTo(x, plot.bbox.top + plot.bbox.height);
			context.stroke();
		}
		context.restore();
	}

	function chart(title, series, data, height) {
		add(main, "h2", title);
		const place = add(main, "div", undefined, "chart");
		new uPlot({
			width: 720,
			height,
			legend: { live: false },
			cursor: { show: false },
			scales: { x: { time: false, range: [start, end] } },
			axes: [{ values: (plot, ticks) => ticks.map(clock), size: 24, font: "11px system-ui" },
				{ size: 56, font: "11px system-ui" }],
			series: [{ label: "UTC" }, ...series],
			hooks: { draw: [marks] },
		}, data, place);
	}

	function weights() {
		const set = report.set.map((point) => ({ x: seconds(point.at), y: point.percent }));
		if (set.length) set.push({ x: end, y: set[set.length - 1].y });
		const seen = report.seen.map((point) => ({ x: seconds(point.at), y: point.percent }));
		const data = align([set, seen]);
		// a weight stands until the next one
		for (let i = 1; i < data[1].length; i++) if (data[1][i] === null) data[1][i] = data[1][i - 1];
		chart("Share of the canary, percent", [
			{ label: "set", stroke: "#0d74ce", width: 2, paths: uPlot.paths.stepped({ align: 1 }), points: { show: false } },
			{ label: "seen by the counters", stroke: "#18794e", width: 1, spanGaps: true, points: { show: true, size: 6 } },
		], data, 140);
	}

	function check(one) {
		const points = one.samples.map((sample) => ({ x: seconds(sample.at), y: sample.value }));
		const bad = one.samples.filter((sample) => sample.verdict !== "pass")
			.map((sample) => ({ x: seconds(sample.at), y: sample.value }));
		const bounds = [["min", one.min], ["max", one.max]].filter((bound) => bound[1] !== null);
		const lines = bounds.map((bound) => [{ x: start, y: bound[1] }, { x: end, y: bound[1] }]);
		const missing = one.samples.filter((sample) => sample.value === null).length;
		chart(one.name + ": " + one.samples.length + " samples, " + bad.length + " not passed" +
			(missing ? ", " + missing + " without a value" : ""), [
			{ label: "value", stroke: "#1c2024", width: 1, spanGaps: true, points: { show: true, size: 6 } },
			{ label: "not passed", stroke: "#c62a2f", width: 0, paths: () => null, points: { show: true, size: 9, fill: "#c62a2f" } },
			...bounds.map((bound) => ({ label: bound[0] + " " + bound[1], stroke: "#c62a2f", width: 1, dash: [6, 4],
				spanGaps: true, points: { show: false } })),
		], align([points, bad, ...lines]), 92);
		if (one.query) add(add(main, "p"), "code", one.query);
	}

	function events() {
		if (!report.events.length) return;
		add(main, "h2", "What happened");
		const table = add(main, "table");
		for (const event of report.events) {
			const row = add(table, "tr");
			add(row, "td", clock(seconds(event.at)));
			add(row, "td", event.kind, "dim");
			add(row, "td", event.text);
		}
	}

	head();
	if (release.started) {
		if (report.set.length + report.seen.length) weights();
		report.checks.forEach(check);
	}
	events();
	document.body.dataset.drawn = String(document.querySelectorAll("canvas").length);
})();
