use super::*;
use crate::{Axis, Block, Factor, Name, Program, RunPolicy, Steps, Template, Value};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn study(factors: Vec<Factor>) -> Study {
    let command = ["sim", "{x}"].map(|word| Template::parse(word).unwrap()).to_vec();
    Study {
        name: name("s"),
        description: None,
        application: Application::new(Program::Command(command)),
        space: SpaceSpec { blocks: vec![Block { factors, condition: None }] },
        run: RunPolicy::default(),
        source: "/".to_owned(),
    }
}

#[test]
fn a_study_made_by_a_program_is_completed() {
    let mut study = study(vec![Factor::Axis(name("x"), Axis::Values(vec![1i64.into(), 0.5.into()]))]);
    complete(&mut study).unwrap();
    assert_eq!(study.application.parameters[0].kind, crate::ParameterType::Float);
    let Factor::Axis(_, axis) = &study.space.blocks[0].factors[0] else { panic!() };
    assert_eq!(*axis, Axis::Values(vec![Value::Float(1.0), Value::Float(0.5)]));
}

#[test]
fn paths_lead_to_what_is_wrong() {
    let axis = Axis::Range {
        from: 0i64.into(),
        to: 1i64.into(),
        steps: Steps::By(f64::NAN),
        scale: crate::Scale::Linear,
    };
    let inner = Block { factors: vec![Factor::Axis(name("x"), axis)], condition: Some("x >".to_owned()) };
    let mut study = study(vec![
        Factor::Zip(vec![(name("x"), Axis::Values(vec![2i64.into()]))]),
        Factor::Blocks(vec![inner]),
    ]);
    let found: Vec<String> = complete(&mut study).unwrap_err().iter().map(|d| d.field.to_string()).collect();
    assert_eq!(found, ["space.0.block.0.x.step", "space.0.block.0.x", "space.0.block.0.where"]);
}
