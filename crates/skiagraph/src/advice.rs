//! Advice on commands: libraries say what is wrong and what would help, and this file says which
//! command does it.

use gallery::{Error as GalleryError, Location, PostgresError};
use interchange::Error as InterchangeError;
use network::Error as NetworkError;

/// The advice on the first cause of an error that has any.
pub(crate) fn on(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        let on_gallery = || cause.downcast_ref().and_then(on_gallery);
        let on_network = || cause.downcast_ref().and_then(on_network);
        let on_interchange = || cause.downcast_ref().and_then(on_interchange);
        on_gallery().or_else(on_network).or_else(on_interchange)
    })
}

fn on_gallery(error: &GalleryError) -> Option<&'static str> {
    match error {
        GalleryError::OtherModel { .. } => Some(
            "`skiagraph gallery reindex GALLERY --model MODEL` re-indexes a gallery to another \
             model; `skiagraph index` puts pictures into a new gallery",
        ),
        GalleryError::NotAGallery { gallery: Location::Server(_), .. } => {
            Some("`skiagraph index` makes a gallery and puts pictures into it")
        }
        GalleryError::NoQueue { .. } => Some("`skiagraph index` puts pictures into any gallery"),
        GalleryError::Damaged { .. }
        | GalleryError::DamagedRecord { .. }
        | GalleryError::MissingPart { .. } => {
            Some("`skiagraph gallery verify` names all that is damaged")
        }
        GalleryError::NotErased { .. } | GalleryError::NotCompacted { .. } => {
            Some("`skiagraph gallery compact` compacts a gallery")
        }
        GalleryError::DamagedMap { .. } => Some("`skiagraph gallery map` draws the map"),
        GalleryError::Transfer(_) | GalleryError::Postgres(PostgresError::NotCopied { .. }) => {
            Some("`skiagraph gallery export` writes an export")
        }
        _ => None,
    }
}

fn on_network(error: &NetworkError) -> Option<&'static str> {
    match error {
        NetworkError::NotAModel { .. } => Some("`skiagraph train` trains a model"),
        NetworkError::NotASaliencyNetwork { .. } => {
            Some("`skiagraph train --stage saliency` trains a saliency network")
        }
        _ => None,
    }
}

fn on_interchange(error: &InterchangeError) -> Option<&'static str> {
    match error {
        InterchangeError::KeyLength { .. } => Some("`skiagraph deidentify --make-key` makes a key"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_cause_below_others_is_advised_on() {
        let gallery = || Location::from(std::path::Path::new("g"));
        let failed = Err::<(), _>(GalleryError::NoQueue { gallery: gallery() });
        let error = failed.context("nothing was put").unwrap_err();
        assert!(on(&error).is_some_and(|advice| advice.contains("skiagraph index")));
        let error = GalleryError::NotCompacted { gallery: gallery(), file: "f".to_owned() };
        assert!(on(&error.into()).is_some_and(|advice| advice.contains("gallery compact")));
        assert_eq!(on(&GalleryError::EmptyQuery.into()), None);
    }

    #[test]
    fn every_command_that_is_named_is_one() {
        let transfer = gallery::TransferError { path: "p".into(), reason: "r".to_owned() };
        let detail = || "d".to_owned();
        let gallery = Location::Server("postgres://h/g".to_owned());
        let key = InterchangeError::KeyLength { path: "k".into(), got: 5 };
        let errors: [anyhow::Error; 7] = [
            GalleryError::NotAGallery { gallery: gallery.clone(), reason: detail() }.into(),
            GalleryError::Damaged { gallery, detail: detail() }.into(),
            GalleryError::DamagedMap { path: "m".into() }.into(),
            GalleryError::Transfer(transfer).into(),
            NetworkError::NotAModel { path: "m".into() }.into(),
            NetworkError::NotASaliencyNetwork { path: "m".into(), reason: detail() }.into(),
            key.into(),
        ];
        for error in errors {
            let advice = on(&error).unwrap();
            let words = advice.split('`').nth(1).unwrap().split(' ').skip(1);
            let names = words.take_while(|word| !word.starts_with('-'));
            let mut command = <crate::Cli as clap::CommandFactory>::command();
            for name in names {
                let inner = command.find_subcommand(name);
                command = inner.unwrap_or_else(|| panic!("no command in {advice}")).clone();
            }
        }
    }
}
