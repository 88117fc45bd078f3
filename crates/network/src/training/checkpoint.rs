//! The run folder. After every epoch it has a checkpoint, from which a killed run continues to the
//! same result.
//!
//! An epoch's files are first written under their own names. `state.json`, replaced by one
//! renaming, says which epoch is whole.

use crate::error::{Error, Result};
use crate::model::weights;
use crate::training::config::TrainConfig;
use burn::module::Module;
use burn_optim::ModuleOptimizer;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The state that a resumed run needs beside weights and optimiser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State<M> {
    /// The configuration, which must be the same to resume.
    pub config: TrainConfig,
    /// The number of finished epochs.
    pub epochs_done: usize,
    /// The metrics, one entry an epoch.
    pub history: Vec<M>,
}

/// A run's folder.
pub(crate) struct RunFolder {
    path: PathBuf,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + '_ {
    move |source| Error::File { path: path.into(), source }
}

/// Writes a file whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = files::replace(path, |file| std::io::Write::write_all(file, bytes));
    written.map_err(io(path))
}

impl RunFolder {
    /// Makes a new folder, or with `resume` opens one that may hold a checkpoint.
    pub(crate) fn open(path: &Path, resume: bool) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(io(path))?;
        let folder = Self { path: path.into() };
        if !resume && folder.state_file().exists() {
            return Err(Error::RunExists { path: path.into() });
        }
        Ok(folder)
    }

    /// The path of a file of the run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn state_file(&self) -> PathBuf {
        self.file("state.json")
    }

    fn epoch_files(&self, epoch: usize) -> [PathBuf; 2] {
        ["safetensors", "optimizer"].map(|kind| self.file(&format!("checkpoint-{epoch:04}.{kind}")))
    }

    /// Writes `metrics.jsonl`, a line an epoch.
    pub(crate) fn write_metrics<M: Serialize>(&self, history: &[M]) -> Result<()> {
        let lines: Vec<String> =
            history.iter().filter_map(|m| serde_json::to_string(m).ok()).collect();
        write_whole(&self.file("metrics.jsonl"), (lines.join("\n") + "\n").as_bytes())
    }

    /// Writes the checkpoint of the last epoch in `state`, then removes the one before.
    pub(crate) fn save<M: Serialize>(
        &self,
        network: &impl Module,
        optimiser: &ModuleOptimizer,
        state: &State<M>,
    ) -> Result<()> {
        let [weights_file, optimiser_file] = self.epoch_files(state.epochs_done);
        write_whole(
            &weights_file,
            &weights::to_bytes(&weights::collect(network), false, "checkpoint")?,
        )?;
        let unwritable = |reason: String| Error::WeightsUnwritable { reason };
        let bytes = optimiser.into_bytes().map_err(|e| unwritable(e.to_string()))?;
        write_whole(&optimiser_file, &bytes)?;
        let json = serde_json::to_vec_pretty(state).map_err(|e| unwritable(e.to_string()))?;
        write_whole(&self.state_file(), &json)?;
        for old in self.epoch_files(state.epochs_done.saturating_sub(1)) {
            if old.exists() {
                std::fs::remove_file(&old).map_err(io(&old))?;
            }
        }
        Ok(())
    }

    /// Reads the checkpoint, if there is one. Its configuration must be `config`.
    pub(crate) fn load<N: Module, M: DeserializeOwned>(
        &self,
        config: &TrainConfig,
        network: N,
        optimiser: ModuleOptimizer,
    ) -> Result<(N, ModuleOptimizer, Option<State<M>>)> {
        let refuse = |reason: String| Error::Resume { path: self.path.clone(), reason };
        let state_file = self.state_file();
        if !state_file.exists() {
            return Ok((network, optimiser, None));
        }
        let text = std::fs::read(&state_file).map_err(io(&state_file))?;
        let state: State<M> =
            serde_json::from_slice(&text).map_err(|e| refuse(format!("state.json: {e}")))?;
        if state.config != *config {
            return Err(refuse(
                "the run was started with another configuration or seed; give the same".into(),
            ));
        }
        let [weights_file, optimiser_file] = self.epoch_files(state.epochs_done);
        let bytes = std::fs::read(&weights_file).map_err(io(&weights_file))?;
        let (network, _) = weights::apply(network, weights::from_bytes(&bytes, &weights_file)?.0)?;
        let optimiser =
            optimiser.load(&optimiser_file).map_err(|e| refuse(format!("optimiser: {e}")))?;
        Ok((network, optimiser, Some(state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::network::{Architecture, Network};
    use crate::training::optimiser::AdamW;
    use burn::tensor::Device;

    fn network(seed: u64) -> Network {
        Network::new(&Architecture::default(), 3, seed, &Device::default())
    }

    fn optimiser() -> ModuleOptimizer {
        ModuleOptimizer::from(AdamW { weight_decay: 0.1 })
    }

    fn save(folder: &RunFolder, epochs_done: usize) {
        let history = (1..=epochs_done).collect();
        let state = State { config: TrainConfig::default(), epochs_done, history };
        folder.save(&network(epochs_done as u64), &optimiser(), &state).unwrap();
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path).unwrap();
        let mut names: Vec<_> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_last_whole_epoch_is_loaded_and_the_one_before_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(dir.path(), false).unwrap();
        (1..=2).for_each(|epoch| save(&folder, epoch));
        let files = ["checkpoint-0002.optimizer", "checkpoint-0002.safetensors", "state.json"];
        assert_eq!(names(dir.path()), files);
        let loaded = folder.load(&TrainConfig::default(), network(9), optimiser());
        let (loaded, _, state) = loaded.unwrap();
        assert_eq!(state.map(|s: State<usize>| s.history), Some(vec![1, 2]));
        let bytes =
            |network: &Network| weights::to_bytes(&weights::collect(network), false, "").unwrap();
        assert_eq!(bytes(&loaded), bytes(&network(2)));
    }

    #[test]
    fn a_folder_without_a_checkpoint_starts_from_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(&dir.path().join("new"), true).unwrap();
        let (_, _, state) =
            folder.load::<_, usize>(&TrainConfig::default(), network(1), optimiser()).unwrap();
        assert!(state.is_none());
    }

    #[test]
    fn another_configuration_and_a_folder_in_use_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(dir.path(), false).unwrap();
        save(&folder, 1);
        let mut other = TrainConfig::default();
        other.optimisation.seed = 7;
        let refused = folder.load::<_, usize>(&other, network(1), optimiser());
        assert!(refused.is_err_and(|error| error.to_string().contains("another configuration")));
        assert!(matches!(RunFolder::open(dir.path(), false), Err(Error::RunExists { .. })));
        assert!(RunFolder::open(dir.path(), true).is_ok());
    }

    #[test]
    fn a_damaged_state_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = RunFolder::open(dir.path(), false).unwrap();
        std::fs::write(dir.path().join("state.json"), "{").unwrap();
        let refused = folder.load::<_, usize>(&TrainConfig::default(), network(1), optimiser());
        assert!(refused.is_err_and(|error| error.to_string().contains("state.json")));
    }
}
