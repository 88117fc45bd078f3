//! A comparison as a TOML file: the pre-training, the settings that all networks share, and the
//! methods.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use network::TrainConfig;
use radiograph::features::Feature;
use retrieval::hashing::Hashing;
use serde::Deserialize;
use toml::{Table, Value};

/// A comparison.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareConfig {
    /// The method that the others are compared with.
    pub ours: String,
    /// The code lengths. The first is trained with every seed and fills the tables; the others with
    /// the first seed alone.
    pub bits: Vec<usize>,
    /// Training seeds.
    pub seeds: Vec<u64>,
    /// A training configuration of the pre-training: the network of each seed that all others of
    /// that seed start from.
    pub pretraining: Option<Table>,
    /// A training configuration: the settings that the networks have in common.
    pub training: Table,
    /// The methods to compare.
    #[serde(rename = "method")]
    pub methods: Vec<Method>,
}

/// A method as the file gives it: one of `training`, `fitted`, `hashing`, `embeddings_of` and
/// `untrained`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Its name in tables.
    pub name: String,
    /// For a network, the changes of the common training configuration, perhaps none.
    pub training: Option<Table>,
    /// True if the network starts from random weights. It then also has the epochs of the
    /// pre-training, and its learning rate, so that every network takes equally many steps in all.
    #[serde(default)]
    pub from_scratch: bool,
    /// True if it is trained at the first code length alone.
    #[serde(default)]
    pub first_bits_only: bool,
    /// The name of a network of which everything is kept except the hash layer, which is fitted to
    /// the training pictures' features.
    pub fitted: Option<String>,
    /// The hashing of given features.
    pub hashing: Option<Hashing>,
    /// True if a hashing that reads labels reads views too.
    #[serde(default)]
    pub view_labels: bool,
    /// Hand-made features to hash.
    pub features: Option<Feature>,
    /// A method whose embeddings are hashed, or ranked by their Euclidean distance.
    pub embeddings_of: Option<String>,
    /// True for the network of `training` with random weights.
    #[serde(default)]
    pub untrained: bool,
}

/// The kind of a method.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// A network that is trained.
    Network,
    /// Another method's network with a hash layer fitted to its features.
    Fitted(&'a str),
    /// The common network, untrained.
    Untrained,
    /// Hashing of hand-made features.
    HashedFeatures(Hashing, Feature),
    /// Hashing of another method's embeddings.
    HashedEmbeddings(Hashing, &'a str),
    /// Another method's embeddings, ranked by distance.
    Embeddings(&'a str),
}

impl Method {
    /// The method's kind, if it is exactly one.
    pub(crate) fn kind(&self) -> Result<Kind<'_>> {
        if let Some(of) = &self.fitted {
            let other =
                self.training.is_some() || self.hashing.is_some() || self.features.is_some();
            return if other || self.embeddings_of.is_some() || self.untrained {
                self.several()
            } else {
                Ok(Kind::Fitted(of))
            };
        }
        match (&self.training, self.hashing, self.features, &self.embeddings_of, self.untrained) {
            (Some(_), None, None, None, false) => Ok(Kind::Network),
            (None, None, None, None, true) => Ok(Kind::Untrained),
            (None, Some(hashing), Some(feature), None, false) => {
                Ok(Kind::HashedFeatures(hashing, feature))
            }
            (None, Some(hashing), None, Some(of), false) => Ok(Kind::HashedEmbeddings(hashing, of)),
            (None, None, None, Some(of), false) => Ok(Kind::Embeddings(of)),
            _ => self.several(),
        }
    }

    fn several<T>(&self) -> Result<T> {
        bail!(
            "the method `{}` is not one thing; give it `training` (a table, perhaps empty), or `fitted`, or `hashing` with \
             `features` or `embeddings_of`, or `embeddings_of` alone, or `untrained = true`",
            self.name
        )
    }

    /// The method whose encodings or network it is made of, if any.
    fn source(&self) -> Option<&String> {
        self.embeddings_of.as_ref().or(self.fitted.as_ref())
    }

    /// The method's name as a folder's.
    pub(crate) fn slug(&self) -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let spelt = self.name.replace('²', "2");
        let parts: String = spelt.chars().map(letter).collect();
        parts.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }
}

impl CompareConfig {
    /// Reads and checks a comparison.
    ///
    /// # Errors
    /// If it cannot be read, or is not right.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = || format!("the comparison `{}` is not right", path.display());
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let config: Self = toml::from_str(&text).with_context(wrong)?;
        config.check(path).with_context(wrong)?;
        Ok(config)
    }

    /// Removes the methods that are not named, except the reference method and those that the named
    /// ones need.
    pub fn keep(&mut self, named: &[String]) {
        let mut kept: Vec<String> = named.to_vec();
        kept.push(self.ours.clone());
        let sources = self.methods.iter().filter(|method| kept.contains(&method.name));
        kept.extend(sources.filter_map(|method| method.source().cloned()).collect::<Vec<_>>());
        self.methods.retain(|method| kept.contains(&method.name));
    }

    fn check(&self, path: &Path) -> Result<()> {
        if self.bits.is_empty() || self.seeds.is_empty() {
            bail!("`bits` and `seeds` must each list at least one number");
        }
        let named = |name: &str| self.methods.iter().any(|method| method.name == name);
        if !named(&self.ours) {
            bail!("`ours` is `{}`, which is the name of no method", self.ours);
        }
        for (i, method) in self.methods.iter().enumerate() {
            if self.methods[..i].iter().any(|other| other.slug() == method.slug()) {
                bail!("two methods are named `{}`, or nearly so", method.name);
            }
            if method.view_labels && method.hashing.is_none() {
                bail!(
                    "the method `{}` has `view_labels`, which only a `hashing` reads",
                    method.name
                );
            }
            match method.kind()? {
                Kind::Network => {
                    self.training_of(method, self.bits[0], self.seeds[0], path)?;
                }
                Kind::HashedEmbeddings(_, of) | Kind::Embeddings(of) | Kind::Fitted(of) => {
                    if !self.methods.iter().any(|m| m.name == of && m.training.is_some()) {
                        bail!("`{}` is made of `{of}`, which is no network here", method.name);
                    }
                }
                Kind::Untrained | Kind::HashedFeatures(..) => {}
            }
        }
        Ok(())
    }

    /// The training configuration of a method; the common one if it is no network. `path` is for
    /// messages.
    pub(crate) fn training_of(
        &self,
        method: &Method,
        bits: usize,
        seed: u64,
        path: &Path,
    ) -> Result<TrainConfig> {
        if let Some(of) =
            method.fitted.as_ref().and_then(|of| self.methods.iter().find(|m| m.name == *of))
        {
            return self.training_of(of, bits, seed, path);
        }
        let mut table = self.training.clone();
        if method.from_scratch {
            table.insert("optimisation".to_owned(), Value::Table(self.whole_budget()?));
        }
        merge(&mut table, method.training.as_ref().unwrap_or(&Table::new()));
        complete(table, bits, seed, path)
    }

    /// The optimisation of a network that also has the epochs of the pre-training.
    fn whole_budget(&self) -> Result<Table> {
        let before = self
            .pretraining
            .as_ref()
            .context("`from_scratch` means nothing without `pretraining`")?;
        let section = |table: &Table| table.get("optimisation").and_then(Value::as_table).cloned();
        let epochs = |table: &Table| section(table)?.get("epochs")?.as_integer();
        let sum = epochs(before).zip(epochs(&self.training)).map(|(a, b)| a.saturating_add(b));
        let sum = sum.context(
            "`from_scratch` needs `optimisation.epochs` in `pretraining` and in `training`",
        )?;
        let mut optimisation = section(before).unwrap_or_default();
        optimisation.insert("epochs".to_owned(), Value::Integer(sum));
        Ok(optimisation)
    }

    /// The training configuration of the pre-training of a seed, if there is any.
    pub(crate) fn pretraining_of(&self, seed: u64, path: &Path) -> Result<Option<TrainConfig>> {
        self.pretraining.clone().map(|table| complete(table, self.bits[0], seed, path)).transpose()
    }
}

fn complete(mut table: Table, bits: usize, seed: u64, path: &Path) -> Result<TrainConfig> {
    let integer =
        |value: u64| i64::try_from(value).map(Value::Integer).context("a number is too large");
    for (section, key, value) in
        [("architecture", "bits", integer(bits as u64)?), ("optimisation", "seed", integer(seed)?)]
    {
        let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        let section =
            section.as_table_mut().context("a section of the configuration is no table")?;
        section.insert(key.to_owned(), value);
    }
    Ok(TrainConfig::parse(&toml::to_string(&table)?, path)?)
}

/// Merges `changes` into a table, section by section.
fn merge(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(inner)), Value::Table(changes)) => merge(inner, changes),
            _ => {
                table.insert(key.clone(), change.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CompareConfig> {
        let file = tempfile::NamedTempFile::new()?;
        fs::write(file.path(), text)?;
        CompareConfig::read(file.path())
    }

    const HEAD: &str =
        "ours = 'A'\nbits = [16]\nseeds = [1]\n[training.loss]\nmargin = 0.2\narea = 2.0\n";

    #[test]
    fn a_method_changes_what_it_names_and_keeps_the_rest() {
        let text = format!("{HEAD}[[method]]\nname = 'A'\ntraining.loss.margin = 0.4");
        let config = read(&text).unwrap();
        let training = config.training_of(&config.methods[0], 16, 7, Path::new("c")).unwrap();
        assert_eq!((training.loss.margin, training.loss.area), (0.4, 2.0));
        assert_eq!((training.architecture.bits, training.optimisation.seed), (16, 7));
    }

    #[test]
    fn a_network_from_scratch_takes_as_many_epochs_in_all() {
        let budgets = "[training.optimisation]\nepochs = 5\nlearning_rate = 0.1\n\
                       [pretraining.optimisation]\nepochs = 20\nlearning_rate = 0.2\n";
        let methods = "[[method]]\nname = 'A'\nfrom_scratch = true\n[method.training]";
        let config = read(&format!("{HEAD}{budgets}{methods}")).unwrap();
        let training = config.training_of(&config.methods[0], 16, 7, Path::new("c")).unwrap();
        assert_eq!((training.optimisation.epochs, training.optimisation.learning_rate), (25, 0.2));
        let error = read(&format!("{HEAD}{methods}")).err().unwrap();
        assert!(format!("{error:#}").contains("means nothing without `pretraining`"), "{error:#}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |methods: &str| {
            let error = read(&format!("{HEAD}{methods}")).err().unwrap();
            format!("{error:#}")
        };
        assert!(message("[[method]]\nname = 'B'\ntraining = {}").contains("the name of no method"));
        assert!(message("[[method]]\nname = 'A'").contains("is not one thing"));
        assert!(
            message("[[method]]\nname = 'A'\nhashing = 'itq'\nembeddings_of = 'B'")
                .contains("no network here")
        );
        assert!(
            message("[[method]]\nname = 'A'\nfitted = 'B'\nuntrained = true")
                .contains("is not one thing")
        );
        assert!(message("[[method]]\nname = 'A'\nfitted = 'B'").contains("no network here"));
        assert!(
            message("[[method]]\nname = 'A'\ntraining = {}\nview_labels = true")
                .contains("only a `hashing`")
        );
        assert!(message("[[method]]\nname = 'A'\ntraining.loss.margins = 1").contains("margins"));
    }

    #[test]
    fn a_name_is_a_folder() {
        let method = |name: &str| Method {
            name: name.to_owned(),
            training: None,
            from_scratch: false,
            first_bits_only: false,
            fitted: None,
            hashing: None,
            view_labels: false,
            features: None,
            embeddings_of: None,
            untrained: false,
        };
        assert_eq!(method("HyP²").slug(), "hyp2");
        assert_eq!(method("ITQ on HOG").slug(), "itq-on-hog");
    }
}
