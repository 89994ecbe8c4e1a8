//! `gravure doctor`: what this machine draws with, what gravure makes of it, and what it can reach of a farm.

mod farm;

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::Status;
use super::config::ConfigArgs;
use super::output::{memory, note, print, print_json};
use super::table::Table;
use crate::gpu::{AdapterReport, CodedBy, adapters};
use crate::render::campaign::{Campaign, CampaignOptions};

const ADVICE: &str = "no Vulkan adapter was found: install your card's driver, or software Vulkan (Debian: apt-get \
    install mesa-vulkan-drivers)";

/// Arguments of `gravure doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "GRAVURE_ADAPTER chooses the adapter by a part of its name, GRAVURE_DRAW (fragment or compute) the stage that \
    draws on it, GRAVURE_ENCODE (cpu or gpu) who codes. With settings of a farm, broker and destinations are tried as \
    well: nothing is declared, and one small object is stored and removed. Exit status: 0 there is an adapter, 2 there \
    is none, or a setting is none."
)]
pub struct DoctorArgs {
    /// Also list the fonts of this template
    template: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// Reports adapters, fonts of a template, and the farm that the settings name.
pub fn run(args: &DoctorArgs) -> anyhow::Result<Status> {
    let adapters = adapters()?;
    let campaign = match &args.template {
        Some(path) => Some(Campaign::open(&CampaignOptions { template: path.clone(), ..Default::default() })?),
        None => None,
    };
    let farm = farm::examine(&args.config.read()?);
    if args.json {
        let mut report = json_report(&adapters, campaign.as_ref());
        farm.add_to(&mut report);
        print_json(&report)?;
    } else {
        print(&(report(&adapters, campaign.as_ref(), wanted_adapter().as_deref()) + &farm.text()))?;
    }
    match adapters.iter().any(|adapter| adapter.chosen) {
        true => Ok(Status::Fine),
        false => {
            note(&format!("error: {}", why_none(&adapters, wanted_adapter().as_deref())));
            Ok(Status::Unusable)
        }
    }
}

fn wanted_adapter() -> Option<String> {
    std::env::var("GRAVURE_ADAPTER").ok().filter(|name| !name.is_empty())
}

fn why_none(adapters: &[AdapterReport], wanted: Option<&str>) -> String {
    match wanted {
        Some(wanted) if !adapters.is_empty() => format!("no adapter is named like {wanted:?}, as GRAVURE_ADAPTER asks"),
        _ => ADVICE.to_owned(),
    }
}

fn report(adapters: &[AdapterReport], campaign: Option<&Campaign>, wanted: Option<&str>) -> String {
    let mut text = format!("gravure {}\n\n", env!("CARGO_PKG_VERSION"));
    if adapters.is_empty() {
        text.push_str("adapters: none\n");
    } else {
        let mut table =
            Table::new(&["", "adapter", "kind", "backend", "driver", "memory", "longest side", "largest buffer"]);
        for adapter in adapters {
            table.push(vec![
                if adapter.chosen { "*" } else { "" }.to_owned(),
                adapter.name.clone(),
                adapter.kind.clone(),
                adapter.backend.clone(),
                adapter.driver.clone(),
                adapter.memory_bytes.map(memory).unwrap_or_default(),
                format!("{} px", adapter.max_texture_side_px),
                memory(adapter.max_buffer_bytes),
            ]);
        }
        text.push_str(&table.to_string());
    }
    if let Some(chosen) = adapters.iter().find(|adapter| adapter.chosen) {
        let limits = &chosen.limits;
        text.push_str(&format!(
            "\n* {}: {}\n  sheets of {} and at most {} px a side, photos up to {} on pages of {} px, plates up to \
            {}\n  drawn by the {} stage {}\n",
            chosen.name,
            why_chosen(chosen, adapters, wanted),
            memory(limits.sheet_bytes),
            limits.max_side_px,
            memory(limits.photo_bytes),
            limits.page_side_px,
            memory(limits.plate_bytes),
            chosen.draw.path.name(),
            chosen.draw.reason,
        ));
        text.push_str(&format!("  {}\n", who_codes(chosen.coded_by, chosen.coder_is_wanted)));
    }
    if let Some(Campaign { fonts, .. }) = campaign {
        let mut table = Table::new(&["font", "weight", "style", "ascent", "descent"]);
        for listed in fonts.faces() {
            table.push(vec![
                listed.families.join(", "),
                weights(listed.weights),
                if listed.italic { "italic" } else { "upright" }.to_owned(),
                format!("{:.3}", listed.face.metrics.ascent),
                format!("{:.3}", listed.face.metrics.descent),
            ]);
        }
        text.push_str(&format!("\n{table}"));
    }
    text
}

/// One weight, or the ends of a variable font's axis.
fn weights((from, to): (u16, u16)) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

fn why_chosen(chosen: &AdapterReport, adapters: &[AdapterReport], wanted: Option<&str>) -> &'static str {
    match (wanted, chosen.kind.as_str()) {
        (Some(_), _) => "chosen because GRAVURE_ADAPTER asks for it",
        (None, _) if adapters.len() == 1 => "chosen because it is the only one",
        (None, "software") => "chosen because there is no card",
        (None, _) => "chosen because cards come before software, and cards of their own before built-in ones",
    }
}

fn who_codes(by: CodedBy, is_wanted: bool) -> String {
    let why = match by {
        _ if is_wanted => "because GRAVURE_ENCODE asks for it",
        CodedBy::Gpu => "where the pixels are",
        CodedBy::Cpu => "which are faster than this adapter",
    };
    match by {
        CodedBy::Gpu => format!("JPEG and PNG by the adapter, {why}"),
        CodedBy::Cpu => format!("JPEG and PNG by libjpeg-turbo and fdeflate, {why}"),
    }
}

fn json_report(adapters: &[AdapterReport], campaign: Option<&Campaign>) -> Value {
    let adapters: Vec<Value> = adapters
        .iter()
        .map(|adapter| {
            let AdapterReport {
                name,
                driver,
                backend,
                kind,
                max_texture_side_px,
                max_buffer_bytes,
                memory_bytes,
                limits,
                coded_by,
                coder_is_wanted: _,
                draw,
                chosen,
            } = adapter;
            json!({
                "name": name, "driver": driver, "backend": backend, "kind": kind, "chosen": chosen, "coded_by": coded_by.name(),
                "max_texture_side_px": max_texture_side_px, "max_buffer_bytes": max_buffer_bytes,
                "memory_bytes": memory_bytes,
                "draw": {"path": draw.path.name(), "reason": draw.reason},
                "limits": {
                    "max_side_px": limits.max_side_px, "sheet_bytes": limits.sheet_bytes,
                    "photo_bytes": limits.photo_bytes, "page_side_px": limits.page_side_px,
                    "plate_bytes": limits.plate_bytes,
                },
            })
        })
        .collect();
    let mut report = json!({"version": env!("CARGO_PKG_VERSION"), "adapters": adapters});
    if let Some(Campaign { fonts, .. }) = campaign {
        let faces = fonts.faces().iter();
        let faces = faces.map(|face| json!({"families": face.families, "weight": face.face.weight.clamp(face.weights.0, face.weights.1), "weights": face.weights, "italic": face.italic}));
        report["fonts"] = faces.collect();
    }
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheet::{DrawChoice, DrawPath, SheetLimits};

    fn adapter(name: &str, kind: &str, chosen: bool) -> AdapterReport {
        AdapterReport {
            name: name.to_owned(),
            driver: "Mesa 22.3.6".to_owned(),
            backend: "vulkan".to_owned(),
            kind: kind.to_owned(),
            max_texture_side_px: 16_384,
            max_buffer_bytes: 2 << 30,
            memory_bytes: Some(16 << 30),
            limits: SheetLimits {
                max_side_px: 16_384,
                sheet_bytes: 48 << 20,
                max_canvases: 64,
                photo_bytes: 128 << 20,
                page_side_px: 2048,
                array_pages: 8,
                plate_bytes: 128 << 20,
                max_binding_bytes: 128 << 20,
                has_inner_passes: true,
                draw_path: DrawPath::Fragment,
            },
            coded_by: CodedBy::Cpu,
            coder_is_wanted: false,
            draw: DrawChoice::of(kind == "software", None, None),
            chosen,
        }
    }

    #[test]
    fn the_chosen_adapter_is_marked_and_its_budgets_are_told() {
        let adapters = [adapter("Card 1", "card", true), adapter("llvmpipe", "software", false)];
        let text = report(&adapters, None, None);
        assert!(text.contains("*  Card 1 "), "{text}");
        assert!(
            text.contains("sheets of 48 MiB") && text.contains("photos up to 128 MiB on pages of 2048 px"),
            "{text}"
        );
        assert!(text.contains("cards come before software"), "{text}");
        assert!(text.contains("drawn by the compute stage because data-centre cards"), "{text}");
    }

    #[test]
    fn the_reason_fits_the_choice() {
        let software = adapter("llvmpipe", "software", true);
        let alone = std::slice::from_ref(&software);
        assert!(why_chosen(&software, alone, None).contains("only one"));
        assert!(why_chosen(&software, alone, Some("llvm")).contains("GRAVURE_ADAPTER"));
    }

    #[test]
    fn who_codes_is_told() {
        assert!(who_codes(CodedBy::Cpu, false).contains("fdeflate, which are faster"));
        assert!(who_codes(CodedBy::Gpu, false).contains("by the adapter, where the pixels"));
        assert!(who_codes(CodedBy::Gpu, true).contains("by the adapter, because GRAVURE_ENCODE"));
    }

    #[test]
    fn without_an_adapter_there_is_advice() {
        assert!(why_none(&[], Some("x")).contains("apt-get install mesa-vulkan-drivers"));
        assert!(why_none(&[adapter("llvmpipe", "software", false)], Some("rtx")).contains("\"rtx\""));
        assert!(report(&[], None, None).contains("adapters: none"));
    }

    #[test]
    fn json_names_are_those_of_the_types() {
        let report = json_report(&[adapter("llvmpipe", "software", true)], None);
        assert_eq!(report["adapters"][0]["limits"]["sheet_bytes"], 48 << 20);
        assert_eq!(report["adapters"][0]["limits"]["photo_bytes"], 128 << 20);
        assert_eq!(report["adapters"][0]["chosen"], true);
        assert_eq!(report["adapters"][0]["draw"]["path"], "fragment");
        assert!(report.get("fonts").is_none());
    }
}
